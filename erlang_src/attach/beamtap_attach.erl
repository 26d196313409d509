%% @doc Loads beamtap into a running node that does not have it, and leaves without residue.
%%
%% ```
%% {ok, A} = beamtap_attach:attach('rabbit@host', #{cookie_file => "/var/lib/rabbitmq/.erlang.cookie"}).
%% {ok, Tap} = beamtap_attach:start(A, "rabbit_amqqueue_process:handle_cast/2", #{for => 5000}).
%% {ok, Receipt} = beamtap_attach:call(A, stop, [Tap]).
%% ok = beamtap_attach:call(A, report, [Tap]).
%% {ok, #{problems := []}} = beamtap_attach:detach(A).
%% '''
%% The modules are sent. The libraries are loaded by their path where the node sees the same files. Otherwise they are sent,
%% too, into a directory that only the node's user can read, and removed on leaving. The node is also left when the process
%% that attached exits, or its node, or when the network fails. Until the node ends these stay: the mapped libraries, four
%% sleeping threads (two of them LTTng's), and the atoms that name beamtap's modules and functions.
-module(beamtap_attach).

-export([attach/2, start/3, call/3, detach/1]).
-export_type([attachment/0, opts/0, detached/0]).

%% `cookie' or `cookie_file': the node's, where it is not this user's own. `libraries': `path', `send', or `auto'
%% (the default), which sends what the node cannot read by its path. `host': the process (the caller) whose exit ends the
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
%% What was removed. `mapped': libraries that stay mapped into the node's memory. `problems': what could not be removed.
-type detached() :: #{modules := non_neg_integer(), files := path | removed, mapped := [binary()], problems := [binary()]}.

%% Modules of the side that attaches.
-define(STAY_HERE, [beamtap_attach, beamtap_attach_command, beamtap_attach_libraries, beamtap_distribution]).
-define(OLDEST_RELEASE, 25).
-define(TIMEOUT_MS, 60000).

%% @doc Loads beamtap into Node. Leaves it when the host exits: the caller, unless Opts names another.
-spec attach(node(), opts()) -> {ok, attachment()} | beamtap_error:error().
attach(Node, Opts) ->
    worded(attached(Node, Opts)).

attached(Node, Opts) ->
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
        error:{erpc, Reason} -> worded(lost(Node, Reason));
        error:{exception, undef, [{beamtap, _, _, _} | _]} -> worded({error, #{reason => node_lost, node => Node, why => left}})
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
        error:{erpc, Reason} -> worded(lost(Node, Reason))
    after
        beamtap_distribution:disconnect(Node, Way)
    end.

%% Where the guest was killed, another one does its work.
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
                %% It has left by itself, since the connection was lost for a while.
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
    %% Of two that attach at the same time, one waits and finds beamtap there.
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
        fail(#{reason => old_release, node => Node, release => Release, oldest => ?OLDEST_RELEASE}),
    Here =:= There orelse
        fail(#{reason => other_machine, node => Node, there => There, here => Here}),
    Release.

%% Processor and C library, as in x86_64-pc-linux-gnu.
machine(Architecture) ->
    Parts = string:lexemes(Architecture, "-"),
    {hd(Parts), lists:last(Parts)}.

is_vacant(Node) ->
    case erpc:call(Node, erlang, whereis, [beamtap_guest]) of
        undefined -> ok;
        _ -> fail(#{reason => attached_already, node => Node})
    end,
    case erpc:call(Node, code, which, [beamtap]) of
        non_existing -> ok;
        _ -> fail(#{reason => has_beamtap, node => Node})
    end.

resource() ->
    _ = application:load(beamtap),
    File = filename:join(filename:dirname(code:which(?MODULE)), "beamtap.app"),
    case file:consult(File) of
        {ok, [Resource]} -> Resource;
        {error, Reason} -> fail(#{reason => no_resource, file => File, cause => Reason})
    end.

%% Elixir's modules stay here. The library's module comes last, since loading it needs the others.
modules({application, beamtap, Keys}) ->
    {modules, All} = lists:keyfind(modules, 1, Keys),
    Sent = [M || M <- All, not lists:member(M, ?STAY_HERE), lists:prefix("beamtap", atom_to_list(M))],
    lists:delete(beamtap_nif, Sent) ++ [beamtap_nif].

code(Module) ->
    case code:get_object_code(Module) of
        {Module, Code, File} -> {Module, Code, File};
        error -> fail(#{reason => no_resource, module => Module})
    end.

load(Node, {Module, Code, File}, Release) ->
    case erpc:call(Node, code, load_binary, [Module, File, Code]) of
        {module, Module} -> ok;
        {error, Reason} -> not_loaded(Node, Module, Reason, Release)
    end.

-spec not_loaded(node(), module(), atom(), string()) -> no_return().
not_loaded(Node, Module, on_load_failure, _) ->
    fail(#{reason => no_native_library, node => Node, module => Module});
not_loaded(Node, Module, Reason, Release) ->
    fail(#{reason => not_loaded, node => Node, module => Module, cause => Reason, release => Release}).

enter(Node, Host, Modules) ->
    case erpc:call(Node, beamtap_guest, enter, [Host, Modules]) of
        {ok, Guest} -> Guest;
        {error, already_there} -> fail(#{reason => attached_already, node => Node})
    end.

move_in(Resource, Codes, #{node := Node, directory := Directory, release := Release} = Settled) ->
    ok = beamtap_attach_libraries:fit(Settled),
    Rest = lists:keydelete(beamtap_guest, 1, Codes),
    case erpc:call(Node, beamtap_guest, move_in, [Rest, Resource, Directory], ?TIMEOUT_MS) of
        ok -> Settled;
        {error, {Module, Reason}} when is_atom(Reason) -> not_loaded(Node, Module, Reason, Release);
        {error, Reason} -> fail(#{reason => not_loaded, node => Node, cause => Reason})
    end.

%%% Errors

lost(Node, noconnection) -> {error, #{reason => node_lost, node => Node, why => connection}};
lost(Node, Reason) -> {error, #{reason => node_lost, node => Node, cause => Reason}}.

-spec fail(beamtap_error:reason()) -> no_return().
fail(Reason) -> throw({error, Reason}).

worded(Answer) -> beamtap_wording:word(Answer, erlang).
