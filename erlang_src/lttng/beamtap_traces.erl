%% @private
%% The directories of traces: their names, making them, marking and listing them, and removing old ones.
%%
%% A directory below the default place is marked while its tap runs. Finished traces are removed only if beamtap's
%% environment says how many to keep: a trace may be all that is left of an incident.
-module(beamtap_traces).

-export([stem/0, path/2, open/1, close/2, end_trace/1]).
-export([list/0, keep/0, default_place/0, check_writable/0]).
-export_type([trace/0]).

%% `running': its tap may still write it. `interrupted': its VM ended before its tap. `elsewhere': its VM cannot be seen from
%% here. `begun' and `changed' are seconds since 1970, in UTC.
-type trace() :: #{
    path := binary(),
    node := binary(),
    state := running | finished | interrupted | elsewhere,
    bytes := non_neg_integer(),
    begun := non_neg_integer(),
    changed := non_neg_integer()
}.
-define(ENVIRONMENT, "BEAMTAP_TRACES").
%% The file that marks a directory as a trace of beamtap's.
-define(MARK, ".beamtap").
-define(KEYS, [number, bytes, age]).

%%% Names

%% @doc `beamtap-NODE-OSPID-YYYYmmdd-HHMMSS', in local time.
-spec stem() -> binary().
stem() ->
    {{Year, Month, Day}, {Hour, Minute, Second}} = calendar:local_time(),
    Time = io_lib:format("~4..0b~2..0b~2..0b-~2..0b~2..0b~2..0b", [Year, Month, Day, Hour, Minute, Second]),
    iolist_to_binary([beamtap_definitions:stem_of_vm(), Time]).

%% @doc The absolute directory for a trace: the user's choice, or Stem below `BEAMTAP_TRACES' or `$HOME/lttng-traces',
%% with a number appended if that directory exists already.
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
    {error, #{reason => no_output}}.

%%% A tap's directory

%% @doc Makes a tap's directory, or accepts an empty one, and marks it as a trace of this VM. Without the mark it is neither
%% listed nor removed. Answers whether the directory was made.
-spec open(binary()) -> {ok, IsMade :: boolean()} | beamtap_error:error().
open(Path) ->
    case prepare(Path) of
        {ok, IsMade} ->
            _ = beamtap_nif:trace_begin(Path, atom_to_binary(node())),
            {ok, IsMade};
        {error, _} = Error ->
            Error
    end.

prepare(Path) ->
    case file:list_dir_all(Path) of
        {ok, []} ->
            {ok, false};
        {ok, _} ->
            bad(Path, not_empty);
        {error, enoent} ->
            made(Path, filelib:ensure_path(Path));
        {error, Reason} ->
            bad(Path, Reason)
    end.

made(Path, ok) ->
    %% What a VM does is private to its user. If this fails, LTTng reports that it cannot write.
    _ = file:change_mode(Path, 8#700),
    {ok, true};
made(Path, {error, Reason}) ->
    bad(Path, Reason).

bad(Path, Reason) ->
    {error, #{reason => bad_output, path => Path, cause => Reason}}.

%% @doc Ends what open/1 began. A directory that nobody wrote into is taken back: its mark, and the directory itself if
%% open/1 made it. `removed': the directory is gone, and LTTng wrote into files that have no name any more.
-spec close(binary(), IsMade :: boolean()) -> ok | {error, removed}.
close(Path, IsMade) ->
    case file:list_dir_all(Path) of
        {ok, Files} when Files =:= []; Files =:= [?MARK] ->
            _ = file:delete(filename:join(Path, ?MARK)),
            _ = IsMade andalso file:del_dir(Path),
            ok;
        {ok, _} ->
            end_trace(Path);
        {error, _} ->
            ok = end_trace(Path),
            case filelib:is_dir(Path) of
                true -> ok;
                false -> {error, removed}
            end
    end.

%% @doc Marks the trace as finished, and removes traces beyond what is to be kept.
-spec end_trace(binary()) -> ok.
end_trace(Path) ->
    case beamtap_nif:trace_end(Path) of
        ok ->
            %% Removing gigabytes takes time; no caller waits for it.
            _ = [proc_lib:spawn(fun keep/0) || application:get_env(beamtap, keep) =/= undefined],
            ok;
        {error, _} ->
            ok
    end.

%%% All traces

%% @doc The traces below the default place, the newest first.
-spec list() -> {ok, [trace()]} | beamtap_error:error().
list() ->
    within(fun(Base) ->
        case beamtap_nif:traces_in(Base) of
            {ok, Traces} ->
                {ok, [
                    #{path => Path, node => Node, state => State, bytes => Bytes, begun => Begun, changed => Changed}
                 || {Path, Node, State, Bytes, Begun, Changed} <- Traces
                ]};
            {error, Why} ->
                unreadable(Why)
        end
    end).

%% @doc Removes finished traces beyond what beamtap's environment says is to be kept.
-spec keep() -> {ok, Removed :: [binary()]} | beamtap_error:error().
keep() ->
    case beamtap_environment:keep() of
        {ok, none} -> {ok, []};
        {ok, Keep} -> within(fun(Base) -> keep(Base, Keep) end);
        {error, _} = Error -> Error
    end.

keep(Base, Keep) ->
    [Number, Bytes, Age] = [maps:get(Key, Keep, infinity) || Key <- ?KEYS],
    case beamtap_nif:traces_keep(Base, Number, Bytes, Age) of
        {ok, Removed, Failures} ->
            _ = [logger:notice("beamtap: the trace ~ts is removed: it is beyond what is to be kept", [Path]) || Path <- Removed],
            _ = [logger:warning("beamtap: a trace beyond what is to be kept is not removed: ~ts", [Why]) || Why <- Failures],
            {ok, Removed};
        {error, Why} ->
            unreadable(Why)
    end.

%% @doc The directory for traces whose tap names no other.
-spec default_place() -> {ok, binary()} | beamtap_error:error().
default_place() ->
    case base() of
        {ok, Base} -> {ok, Base};
        none -> no_base()
    end.

%% @doc The default place if traces can be written there.
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

within(Act) ->
    case {beamtap_native:load(), default_place()} of
        {ok, {ok, Base}} -> Act(Base);
        {ok, {error, _} = Error} -> Error;
        {{error, _} = Error, _} -> Error
    end.

unreadable(Why) ->
    {error, #{reason => bad_output, cause => Why}}.
