%% @doc beamtap in a running node that does not have it: loads its modules and libraries there, and leaves without
%% residue.
%%
%% ```
%% {ok, A} = beamtap_attach:attach('rabbit@host', #{cookie_file => "/var/lib/rabbitmq/.erlang.cookie"}).
%% {ok, Tap} = beamtap_attach:start(A, "rabbit_amqqueue_process:handle_cast/2", #{for => 5000}).
%% {ok, Receipt} = beamtap_attach:call(A, stop, [Tap]).
%% ok = beamtap_attach:call(A, report, [Tap]).
%% {ok, #{problems := []}} = beamtap_attach:detach(A).
%% '''
%% The modules are sent. The libraries are taken by their path where the node sees the same files; else they are sent
%% too, into a directory that only the node's user can read, and removed on leaving. When the process that attached goes
%% away, or its node, or the network, the node is left all the same. What stays until the node ends: the libraries' mapping,
%% with four sleeping threads (two of them LTTng's), and the atoms that are the names of beamtap's modules and functions.
-module(beamtap_attach).

-export([attach/2, start/3, call/3, detach/1]).
-export_type([attachment/0, opts/0, detached/0]).

%% `cookie' or `cookie_file': the node's, where it is not this user's own. `libraries': `path', `send', or `auto'
%% (the default), which sends what the node cannot read by its path. `host': the process (the caller) whose end ends the
%% attachment.
-type opts() :: #{
    cookie => string(), cookie_file => file:name_all(), libraries => auto | path | send, host => pid()
}.
-opaque attachment() :: #{
    node := node(),
    way := beamtap_distribution:way(),
    guest := pid(),
    modules := [module()],
    libraries := path | sent,
    directory := file:filename_all(),
    release := string()
}.
%% What was taken away again. `mapped': libraries that stay mapped into the node's memory. `problems': what could not
%% be taken away.
-type detached() :: #{modules := non_neg_integer(), files := path | removed, mapped := [binary()], problems := [binary()]}.

%% Modules of the side that attaches.
-define(STAY_HERE, [
    beamtap_attach, beamtap_attach_command, beamtap_attach_libraries, beamtap_distribution, beamtap_handshake, beamtap_interrupt
]).
-define(OLDEST_RELEASE, 25).
-define(TIMEOUT_MS, 60000).

%% @doc Loads beamtap into Node. When the host, which is the caller unless Opts names another, ends, Node is left.
-spec attach(node(), opts()) -> {ok, attachment()} | beamtap_error:error().
attach(Node, Opts) ->
    case beamtap_distribution:connect(Node, secret(Opts)) of
        {ok, Way} ->
            try
                {ok, settle_in(Node, Way, Opts)}
            catch
                throw:{error, _} = Error ->
                    beamtap_distribution:disconnect(Node, Way),
                    Error;
                error:{erpc, Reason} ->
                    beamtap_distribution:disconnect(Node, Way),
                    lost(Node, Reason)
            end;
        {error, _} = Error ->
            Error
    end.

secret(#{cookie := Cookie}) -> {cookie, Cookie};
secret(#{cookie_file := File}) -> {cookie_file, File};
secret(_) -> none.

%% @doc Starts a tap in the node, as {@link beamtap:start/2} does. It ends with the attachment.
-spec start(attachment(), beamtap_spec:spec(), beamtap_spec:opts()) -> {ok, beamtap:tap()} | beamtap_error:error().
start(#{guest := Guest} = Attachment, Spec, Opts) when is_map(Opts) ->
    call(Attachment, start, [Spec, Opts#{owner => Guest}]);
start(Attachment, Spec, Opts) when is_list(Opts) ->
    start(Attachment, Spec, maps:from_list(Opts)).

%% @doc Calls one of {@link beamtap}'s functions in the node; what it prints is printed here.
-spec call(attachment(), atom(), [term()]) -> term() | beamtap_error:error().
call(#{node := Node}, Function, Arguments) ->
    try
        erpc:call(Node, beamtap, Function, Arguments)
    catch
        error:{erpc, Reason} -> lost(Node, Reason);
        error:{exception, undef, [{beamtap, _, _, _} | _]} -> has_left(Node)
    end.

%% @doc Ends every tap, unloads beamtap from the node and lets the connection go.
-spec detach(attachment()) -> {ok, detached()} | beamtap_error:error().
detach(#{node := Node, way := Way, modules := Modules} = Attachment) ->
    try
        Problems = leave(Attachment),
        Left = [atom_to_binary(M) || M <- [beamtap_guest | Modules], is_loaded(Node, M)],
        {ok, #{
            modules => length(Modules) - length(Left),
            files =>
                case Attachment of
                    #{libraries := sent} -> removed;
                    _ -> path
                end,
            mapped => beamtap_attach_libraries:mapped(Node),
            problems => Problems ++ [<<Module/binary, " is still loaded">> || Module <- Left]
        }}
    catch
        error:{erpc, Reason} -> lost(Node, Reason)
    after
        beamtap_distribution:disconnect(Node, Way)
    end.

%% Where somebody killed the guest, another one does its work.
leave(#{node := Node, guest := Guest, modules := Modules} = Attachment) ->
    Monitor = monitor(process, Guest),
    Problems =
        try
            erpc:call(Node, beamtap_guest, leave, [Guest], infinity)
        catch
            exit:{exception, _} ->
                {ok, Other} = erpc:call(Node, beamtap_guest, enter, [self(), Modules]),
                leave(Attachment#{guest := Other});
            error:{exception, undef, [{beamtap_guest, _, _, _} | _]} ->
                %% It left by itself: the connection was lost for a while.
                []
        end,
    receive
        {'DOWN', Monitor, process, _, _} -> Problems
    after ?TIMEOUT_MS ->
        demonitor(Monitor, [flush]),
        [<<"the guest's process does not end">> | Problems]
    end.

is_loaded(Node, Module) ->
    erpc:call(Node, erlang, module_loaded, [Module]) orelse erpc:call(Node, erlang, check_old_code, [Module]).

%%% Going in

settle_in(Node, Way, Opts) ->
    Release = fits(Node),
    %% Two that attach at the same time: one of them waits and finds beamtap there.
    Lock = {?MODULE, self()},
    true = global:set_lock(Lock, [Node]),
    try
        is_vacant(Node),
        Resource = resource(),
        Codes = [code(Module) || Module <- modules(Resource)],
        Modules = [Module || {Module, _, _} <- Codes],
        load(Node, lists:keyfind(beamtap_guest, 1, Codes), Release),
        Guest = enter(Node, maps:get(host, Opts, self()), Modules),
        Settled = #{
            node => Node, way => Way, guest => Guest, modules => Modules, release => Release,
            libraries => path, directory => beamtap_files:directory()
        },
        try
            move_in(Resource, Codes, beamtap_attach_libraries:provide(Settled, maps:get(libraries, Opts, auto)))
        catch
            throw:{error, _} = Error ->
                _ = leave(Settled),
                throw(Error)
        end
    after
        global:del_lock(Lock, [Node])
    end.

%% The release, where this is a VM that the libraries were built for.
fits(Node) ->
    Release = erpc:call(Node, erlang, system_info, [otp_release]),
    Here = machine(erlang:system_info(system_architecture)),
    There = machine(erpc:call(Node, erlang, system_info, [system_architecture])),
    list_to_integer(Release) >= ?OLDEST_RELEASE orelse
        fail(
            old_release,
            [atom_to_list(Node), " runs OTP ", Release],
            ["beamtap needs OTP ", integer_to_list(?OLDEST_RELEASE), " or newer"]
        ),
    Here =:= There orelse
        fail(
            other_machine,
            [atom_to_list(Node), " runs on ", name(There), ", and the libraries here are built for ", name(Here)],
            "attach from a machine of the same kind, with beamtap built there"
        ),
    Release.

%% Processor and C library, as in x86_64-pc-linux-gnu.
machine(Architecture) ->
    Parts = string:lexemes(Architecture, "-"),
    {hd(Parts), lists:last(Parts)}.

name({Processor, Library}) -> [Processor, " (", Library, ")"].

is_vacant(Node) ->
    case erpc:call(Node, erlang, whereis, [beamtap_guest]) of
        undefined ->
            ok;
        _ ->
            fail(
                attached_already,
                [atom_to_list(Node), " has somebody attached already"],
                "one at a time: try again when it is done"
            )
    end,
    case erpc:call(Node, code, which, [beamtap]) of
        non_existing ->
            ok;
        _ ->
            fail(
                has_beamtap,
                [atom_to_list(Node), " has beamtap already"],
                ["use it there: erl -remsh ", atom_to_list(Node), " and beamtap:start(...)"]
            )
    end.

resource() ->
    _ = application:load(beamtap),
    File = filename:join(filename:dirname(code:which(?MODULE)), "beamtap.app"),
    case file:consult(File) of
        {ok, [Resource]} ->
            Resource;
        {error, Reason} ->
            fail(
                no_resource,
                [File, " is not read: ", file:format_error(Reason)],
                "run this from a build of beamtap, or from a release that holds it"
            )
    end.

%% Elixir's face stays here; the library's module comes last, since loading it needs the others.
modules({application, beamtap, Keys}) ->
    {modules, All} = lists:keyfind(modules, 1, Keys),
    Sent = [M || M <- All, not lists:member(M, ?STAY_HERE), lists:prefix("beamtap", atom_to_list(M))],
    lists:delete(beamtap_nif, Sent) ++ [beamtap_nif].

code(Module) ->
    case code:get_object_code(Module) of
        {Module, Code, File} -> {Module, Code, File};
        error -> fail(no_resource, ["the code of ", atom_to_list(Module), " is not found"], "build beamtap again")
    end.

load(Node, {Module, Code, File}, Release) ->
    case erpc:call(Node, code, load_binary, [Module, File, Code]) of
        {module, Module} -> ok;
        {error, Reason} -> not_loaded(Node, Module, Reason, Release)
    end.

-spec not_loaded(node(), module(), atom(), string()) -> no_return().
not_loaded(Node, Module, on_load_failure, _) ->
    fail(
        no_native_library,
        [atom_to_list(Node), " does not load the library of ", atom_to_list(Module), "; its log says why"],
        "build beamtap on a machine with the same C library or an older one"
    );
not_loaded(Node, Module, Reason, Release) ->
    fail(
        not_loaded,
        [atom_to_list(Node), " does not load ", atom_to_list(Module), ": ", atom_to_list(Reason)],
        ["it runs OTP ", Release, ", this is OTP ", erlang:system_info(otp_release), ": compile beamtap with that release"]
    ).

enter(Node, Host, Modules) ->
    case erpc:call(Node, beamtap_guest, enter, [Host, Modules]) of
        {ok, Guest} -> Guest;
        {error, already_there} -> fail(attached_already, "somebody else is attaching", "try again when it is done")
    end.

move_in(Resource, Codes, #{node := Node, directory := Directory, release := Release} = Settled) ->
    ok = beamtap_attach_libraries:fit(Settled),
    Rest = lists:keydelete(beamtap_guest, 1, Codes),
    case erpc:call(Node, beamtap_guest, move_in, [Rest, Resource, Directory], ?TIMEOUT_MS) of
        ok -> Settled;
        {error, {Module, Reason}} when is_atom(Reason) -> not_loaded(Node, Module, Reason, Release);
        {error, Reason} -> fail(not_loaded, ["beamtap is not loaded: ", beamtap_error:quote(Reason)], "see its log")
    end.

%%% Errors

lost(Node, noconnection) ->
    beamtap_error:new(
        node_lost,
        ["the connection to ", atom_to_list(Node), " is lost"],
        "the node, if it lives, takes everything of beamtap away by itself"
    );
lost(Node, Reason) ->
    beamtap_error:new(
        node_lost, [atom_to_list(Node), " does not answer: ", beamtap_error:quote(Reason)], "try again"
    ).

has_left(Node) ->
    beamtap_error:new(
        node_lost,
        ["the connection to ", atom_to_list(Node), " was lost, and beamtap has left it"],
        "attach again"
    ).

-spec fail(atom(), unicode:chardata(), unicode:chardata()) -> no_return().
fail(Reason, Message, Remedy) ->
    throw(beamtap_error:new(Reason, Message, Remedy)).
