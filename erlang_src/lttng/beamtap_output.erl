%% @doc Where a trace goes: names the directory, makes it, and takes it back when nothing came of it.
-module(beamtap_output).

-export([path/2, stem/0, stem_of_vm/0, stem_of_node/0, prepare/1, discard_empty/2, default_place/0, check_writable/0]).

-define(ENVIRONMENT, "BEAMTAP_TRACES").
%% By which beamtap_traces knows a trace.
-define(MARK, ".beamtap").

%% @doc `beamtap-NODE-OSPID-YYYYmmdd-HHMMSS', the time being local.
-spec stem() -> binary().
stem() ->
    {{Year, Month, Day}, {Hour, Minute, Second}} = calendar:local_time(),
    Time = io_lib:format("~4..0b~2..0b~2..0b-~2..0b~2..0b~2..0b", [Year, Month, Day, Hour, Minute, Second]),
    iolist_to_binary([stem_of_vm(), Time]).

%% @doc What every stem of this VM begins with.
-spec stem_of_vm() -> binary().
stem_of_vm() ->
    unicode:characters_to_binary([stem_of_node(), os:getpid(), "-"]).

%% @doc What the stems of all VMs begin with that had, or have, this node's name.
-spec stem_of_node() -> binary().
stem_of_node() ->
    unicode:characters_to_binary(["beamtap-", atom_to_binary(node()), "-"]).

%% @doc The absolute directory for a trace: the user's choice, or Stem below `BEAMTAP_TRACES' or `$HOME/lttng-traces',
%% with a number behind it where there is such a directory already.
-spec path(binary() | default, binary()) -> {ok, binary()} | beamtap_error:error().
path(default, Stem) ->
    case base() of
        {ok, Base} -> {ok, free(filename:join(Base, Stem), 1)};
        none -> no_base()
    end;
path(Output, _) ->
    {ok, filename:absname(Output)}.

free(Path, Number) ->
    Candidate =
        case Number of
            1 -> Path;
            _ -> <<Path/binary, "-", (integer_to_binary(Number))/binary>>
        end,
    case file:read_link_info(Candidate) of
        {error, enoent} -> Candidate;
        _ -> free(Path, Number + 1)
    end.

base() ->
    case {os:getenv(?ENVIRONMENT, ""), os:getenv("HOME", "")} of
        {"", ""} -> none;
        {"", Home} -> {ok, absolute(filename:join(Home, "lttng-traces"))};
        {Base, _} -> {ok, absolute(Base)}
    end.

absolute(Name) ->
    unicode:characters_to_binary(filename:absname(Name), unicode, file:native_name_encoding()).

no_base() ->
    beamtap_error:new(
        no_output,
        "neither " ?ENVIRONMENT " nor HOME says where traces go",
        "give a directory: beamtap:start(Spec, #{output => \"/tmp/trace\"})"
    ).

%% @doc Makes the directory, or accepts an empty one. Answers whether it was made.
-spec prepare(binary()) -> {ok, Made :: boolean()} | beamtap_error:error().
prepare(Path) ->
    case file:list_dir_all(Path) of
        {ok, []} ->
            {ok, false};
        {ok, _} ->
            beamtap_error:new(
                bad_output,
                ["the directory ", Path, " is not empty"],
                "name another directory, or empty this one"
            );
        {error, enoent} ->
            made(Path, filelib:ensure_path(Path));
        {error, Reason} ->
            bad(Path, Reason)
    end.

made(Path, ok) ->
    %% What a VM does is its user's business; in case of a failure LTTng will say that it cannot write.
    _ = file:change_mode(Path, 8#700),
    {ok, true};
made(Path, {error, Reason}) ->
    bad(Path, Reason).

bad(Path, Reason) ->
    beamtap_error:new(
        bad_output,
        ["the directory ", Path, " cannot be used: ", file:format_error(Reason)],
        "name a directory that this user can write, or set " ?ENVIRONMENT
    ).

%% @doc Takes a directory back that nobody wrote into: its mark, and itself if prepare/1 made it. Answers whether that is so.
-spec discard_empty(binary(), boolean()) -> boolean().
discard_empty(Path, Made) ->
    case file:list_dir_all(Path) of
        {ok, Files} when Files =:= []; Files =:= [?MARK] ->
            _ = file:delete(filename:join(Path, ?MARK)),
            _ = Made andalso file:del_dir(Path),
            true;
        _ ->
            false
    end.

%% @doc Where traces go unless a tap says otherwise.
-spec default_place() -> {ok, binary()} | beamtap_error:error().
default_place() ->
    case base() of
        {ok, Base} -> {ok, Base};
        none -> no_base()
    end.

%% @doc Whether the default place for traces can be written: the place, and the error if not.
-spec check_writable() -> {ok, binary()} | beamtap_error:error().
check_writable() ->
    case base() of
        {ok, Base} ->
            Existed = filelib:is_dir(Base),
            Probe = filename:join(Base, [".beamtap-", os:getpid()]),
            case filelib:ensure_path(Probe) of
                ok ->
                    ok = file:del_dir(Probe),
                    _ = Existed orelse file:del_dir(Base),
                    {ok, Base};
                {error, Reason} ->
                    bad(Base, Reason)
            end;
        none ->
            no_base()
    end.
