%% @private
%% beamtap's process in a node that is attached to. It owns the tap there and removes everything again.
%%
%% It monitors the process that attached. When that process leaves or is lost, with its node or its network, the guest
%% stops beamtap, removes the files that were sent, and unloads the modules, its own last.
-module(beamtap_guest).

-export([enter/2, leave/1, receive_files/2, append/3, move_in/3]).
-export([init/3]).

-type baggage() :: #{modules := [module()], directory => file:filename_all()}.

%% The time for each step of leaving; the next step follows in any case.
-define(LEAVE_TIMEOUT_MS, 60000).

%% @doc Starts the guest, for as long as Host lives. It unloads Modules in the end.
-spec enter(pid(), [module()]) -> {ok, pid()} | {error, already_there}.
enter(Host, Modules) ->
    Reference = make_ref(),
    %% Not the process of the remote call, which ends with it, and not its group leader, which is on the other node.
    {Pid, Monitor} = spawn_monitor(?MODULE, init, [{self(), Reference}, Host, Modules]),
    receive
        {Reference, Answer} ->
            demonitor(Monitor, [flush]),
            Answer;
        {'DOWN', Monitor, process, Pid, _} ->
            {error, already_there}
    end.

%% @doc Removes everything; then the guest exits. Answers with what could not be removed.
-spec leave(pid()) -> [binary()].
leave(Guest) ->
    call(Guest, leave).

%% @doc Makes a directory that only this user can read, and that is removed in the end. The same libraries have the same
%% name, since a library cannot be unmapped and a mapped one is found by its name.
-spec receive_files(pid(), string()) -> {ok, file:filename_all()} | {error, term()}.
receive_files(Guest, Name) ->
    call(Guest, {make_directory, filename:join(temporary(), Name)}).

%% @doc Writes a part of a file that is being sent.
-spec append(file:filename_all(), binary(), 8#600 | 8#700) -> ok | {error, file:posix() | badarg | terminated | system_limit}.
append(File, Part, Mode) ->
    case file:write_file(File, Part, [append, raw]) of
        ok -> file:change_mode(File, Mode);
        {error, _} = Error -> Error
    end.

%% @doc Loads beamtap as an application that is not on the code path.
-spec move_in([{module(), binary(), file:filename()}], tuple(), file:filename_all()) ->
    ok | {error, {module(), term()} | term()}.
move_in(Codes, {application, Application, _} = Resource, NativeDirectory) ->
    case application:load(Resource) of
        ok ->
            ok = application:set_env(Application, native_dir, NativeDirectory),
            load_all(Codes);
        {error, _} = Error ->
            Error
    end.

load_all([]) ->
    ok;
load_all([{Module, Code, File} | Rest]) ->
    case code:load_binary(Module, File, Code) of
        {module, Module} -> load_all(Rest);
        {error, Reason} -> {error, {Module, Reason}}
    end.

call(Guest, Request) ->
    Monitor = monitor(process, Guest),
    Guest ! {Request, self(), Monitor},
    receive
        {Monitor, Answer} ->
            demonitor(Monitor, [flush]),
            Answer;
        {'DOWN', Monitor, process, _, Reason} ->
            exit(Reason)
    end.

%%% The process

-spec init({pid(), reference()}, pid(), [module()]) -> term().
init({Caller, Reference}, Host, Modules) ->
    true = register(?MODULE, self()),
    %% It prints to the node that it is in.
    group_leader(whereis(init), self()),
    process_flag(trap_exit, true),
    Caller ! {Reference, {ok, self()}},
    loop(monitor(process, Host), #{modules => Modules}).

-spec loop(reference(), baggage()) -> term().
loop(Host, Baggage) ->
    receive
        {{make_directory, Directory}, From, Tag} ->
            case make_directory(Directory) of
                ok ->
                    From ! {Tag, {ok, Directory}},
                    loop(Host, Baggage#{directory => Directory});
                {error, _} = Error ->
                    From ! {Tag, Error},
                    loop(Host, Baggage)
            end;
        {leave, From, Tag} ->
            Problems = clear_away(Baggage),
            From ! {Tag, Problems},
            unload(maps:get(modules, Baggage));
        {'DOWN', Host, process, _, _} ->
            _ = clear_away(Baggage),
            unload(maps:get(modules, Baggage));
        _ ->
            loop(Host, Baggage)
    end.

%% Until its mode is set, others may write into the directory, so it is checked afterwards.
make_directory(Directory) ->
    case file:make_dir(Directory) of
        ok ->
            case {file:change_mode(Directory, 8#700), file:list_dir(Directory)} of
                {ok, {ok, []}} -> ok;
                {ok, {ok, _}} -> {error, not_empty};
                {Error, _} -> Error
            end;
        {error, _} = Error ->
            Error
    end.

temporary() ->
    case os:getenv("TMPDIR") of
        Directory when is_list(Directory), Directory =/= "" -> Directory;
        _ -> "/tmp"
    end.

%% Each step is taken even if the one before failed.
clear_away(#{modules := Modules} = Baggage) ->
    lists:append([
        within("beamtap does not stop", fun stop/0),
        within("beamtap's files are not removed", fun() -> remove(Baggage) end),
        within("persistent terms are not erased", fun() -> erase_terms(Modules) end)
    ]).

within(Said, Step) ->
    {Pid, Monitor} = spawn_monitor(Step),
    receive
        {'DOWN', Monitor, process, Pid, normal} -> [];
        {'DOWN', Monitor, process, Pid, Reason} -> [line(Said, Reason)]
    after ?LEAVE_TIMEOUT_MS ->
        exit(Pid, kill),
        [line(Said, timeout)]
    end.

line(Said, Reason) ->
    unicode:characters_to_binary(io_lib:format("~ts: ~0tP", [Said, Reason, 20])).

stop() ->
    _ = application:stop(beamtap),
    case application:unload(beamtap) of
        ok -> ok;
        {error, {not_loaded, beamtap}} -> ok
    end.

remove(#{directory := Directory}) ->
    case file:del_dir_r(Directory) of
        ok -> ok;
        {error, enoent} -> ok
    end;
remove(_) ->
    ok.

erase_terms(Modules) ->
    _ = [persistent_term:erase(Key) || {Key, _} <- persistent_term:get(), lists:member(owner(Key), Modules)],
    ok.

owner(Key) when is_tuple(Key), tuple_size(Key) > 0 -> element(1, Key);
owner(Key) -> Key.

%% Nothing may follow the last call: by then the module is gone.
unload(Modules) ->
    _ = [unload_one(Module) || Module <- Modules, Module =/= ?MODULE],
    _ = code:purge(?MODULE),
    true = code:delete(?MODULE),
    code:purge(?MODULE).

unload_one(Module) ->
    _ = code:purge(Module),
    _ = code:delete(Module),
    code:purge(Module).
