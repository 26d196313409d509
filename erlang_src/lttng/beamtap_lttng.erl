%% @private
%% The LTTng sessions of a tap: one for each mode. They are opened, started, proved, stopped and ended together, and all of
%% them record the same events.
-module(beamtap_lttng).

-export([open/3, start/2, flush/2, verify/3, check/2, stop/2, destroy/2, snapshot/3, prune/1, describe/1]).
-export([enable/4, disable/3, daemon/1, end_daemon/2, dismiss_daemon/0, interrupted/1]).
-export_type([lttng_session/0, wanted/0, request/0]).

%% An event of the catalogue, its class (`<<>>' for beamtap's own events) and its channel.
-type wanted() :: {Event :: binary(), Class :: binary(), Channel :: binary()}.
%% What LTTng is to record, and where. `may_start': a session daemon is started if none answers.
-type request() :: #{name := binary(), path := binary(), wanted := [wanted()], may_start := boolean()}.
-type lttng_session() :: #{
    place := beamtap_mode:place(),
    session := beamtap_nif:lttng_session(),
    live => binary(),
    %% The link to the trace, if the buffers are files.
    mark => binary(),
    verified := boolean(),
    losses => {ok, map()} | beamtap_nif:failure()
}.

%% Definitions are few and must not be lost, so they have buffers of their own, whatever the user chose for the events.
-define(DEFINITIONS_SUBBUF_SIZE_BYTES, 262144).
-define(DEFINITIONS_NUM_SUBBUF, 4).
%% Names reach the trace's files while it is recorded. A daemon that is killed loses few of them.
-define(DEFINITIONS_SWITCH_MS, 500).
%% What LTTng wrote when it stopped can be read a moment later; through a relay daemon later than that.
-define(VERIFY_MS, 1500).
-define(VERIFY_LABEL, <<"beamtap-verify">>).
-define(ARCHIVES, "archives").
%% A caller waits that long when the session daemon stands still.
-define(CHECK_MS, 1000).
-define(DISMISS_MS, 3000).

%% @doc Makes the LTTng sessions. If one cannot be made, none stays.
-spec open(request(), beamtap_mode:checked(), beamtap_deadline:deadline()) -> {ok, [lttng_session()]} | beamtap_error:error().
open(#{name := Name, path := Path} = Request, Mode, Deadline) ->
    open_all(beamtap_mode:places(Mode, Path, Name), Request, Mode, Deadline, []).

open_all([], _, _, _, Opened) ->
    {ok, lists:reverse(Opened)};
open_all([Place | Rest], Request, Mode, Deadline, Opened) ->
    case open_one(Place, Request, Mode, Deadline) of
        {ok, Known} ->
            open_all(Rest, Request, Mode, Deadline, [Known | Opened]);
        {error, _} = Error ->
            _ = destroy(Opened, Deadline),
            beamtap_error:from_native(Error)
    end.

open_one(#{name := Name, kind := Kind, native := Native} = Place, Request, Mode, Deadline) ->
    #{wanted := Wanted, may_start := MayStart} = Request,
    ok = make_directory(Place),
    Channels = lists:usort([Channel || {_, _, Channel} <- Wanted]),
    Terms = #{
        name => Name,
        mode => Native,
        channels => [channel(Channel, Kind, Wanted, Mode) || Channel <- Channels],
        events => [{Channel, qualified(Event)} || {Event, _, Channel} <- Wanted],
        track_self => true,
        per_pid => maps:get(buffers_per, Mode) =:= pid,
        shm_path => shm_path(Name, Mode),
        rotation => rotation(Kind, Mode),
        trace_format => maps:get(trace_format, Mode),
        may_start => MayStart,
        keep_daemon_ms => keep_daemon_ms(),
        guard => beamtapd()
    },
    case beamtap_nif:session_open(Terms, beamtap_deadline:for_request(Deadline)) of
        {ok, Handle} ->
            Known = #{place => Place, session => Handle, verified => false},
            {ok, with_live(Place, with_mark(Place, Mode, Known))};
        {error, _} = Error -> Error
    end.

%% Several LTTng sessions have a directory each below the tap's. LTTng reports it when it cannot write there.
make_directory(#{directory := Directory}) ->
    _ = filelib:ensure_path(Directory),
    ok;
make_directory(_) ->
    ok.

%% Without the link, whoever recovers the buffers has to say where to.
with_mark(#{name := Name} = Place, #{shm_path := ShmPath}, Known) when is_binary(ShmPath) ->
    case trace_of(Place) of
        {ok, Trace} -> marked(beamtap_remains:mark(ShmPath, Name, Trace), Known);
        {error, _} -> Known
    end;
with_mark(_, _, Known) ->
    Known.

marked({ok, Mark}, Known) -> Known#{mark => Mark};
marked({error, _}, Known) -> Known.

%% What a crash left here cannot join a trace on another machine.
trace_of(#{directory := Directory}) -> {ok, Directory};
trace_of(#{name := Name}) -> beamtap_traces:path(default, <<Name/binary, "-recovered">>).

with_live(#{kind := live, name := Name}, #{session := Session} = Known) ->
    case beamtap_nif:session_live_port(Session) of
        none ->
            Known;
        Port ->
            {ok, Host} = inet:gethostname(),
            Url = io_lib:format("net://127.0.0.1:~b/host/~ts/~ts", [Port, Host, Name]),
            Known#{live => unicode:characters_to_binary(Url)}
    end;
with_live(_, Known) ->
    Known.

%% A session daemon that is started ends with this VM, however the VM ends. beamtapd sees to that, and has flight recorders
%% written first.
beamtapd() ->
    case beamtap_sidecar:find() of
        {ok, File} -> unicode:characters_to_binary(filename:absname(File));
        {error, _} -> <<>>
    end.

keep_daemon_ms() ->
    case beamtap_environment:keep_daemon_ms() of
        {ok, Ms} -> Ms;
        %% The environment has changed since it was checked.
        {error, _} -> 0
    end.

qualified(Event) -> <<"beamtap:", Event/binary>>.

%% A channel that carries only beamtap's own events carries definitions.
channel(Name, Kind, Wanted, Mode) ->
    #{subbuf_size := Size, num_subbuf := Count, on_full := OnFull, switch_timer := Timer, files := Files} = Mode,
    #{size := FileSize, count := FileCount} = Files,
    Base = #{
        name => Name,
        overwrite => overwrites(Kind, OnFull),
        tracefile_size => 0,
        tracefile_count => 0
    },
    case lists:any(fun({_, Class, Channel}) -> Channel =:= Name andalso Class =/= <<>> end, Wanted) of
        true ->
            Base#{
                subbuf_size => Size,
                num_subbuf => Count,
                switch_timer_us => timer(Kind, Timer),
                tracefile_size := FileSize,
                tracefile_count := FileCount
            };
        false ->
            Base#{
                subbuf_size => ?DEFINITIONS_SUBBUF_SIZE_BYTES,
                num_subbuf => ?DEFINITIONS_NUM_SUBBUF,
                switch_timer_us => timer(Kind, definitions_ms(Timer))
            }
    end.

%% Somebody who follows the trace needs names as soon as events.
definitions_ms(0) -> ?DEFINITIONS_SWITCH_MS;
definitions_ms(Timer) -> min(Timer, ?DEFINITIONS_SWITCH_MS).

overwrites(snapshot, default) -> true;
overwrites(_, OnFull) -> OnFull =:= overwrite.

%% A live LTTng session has a timer of its own. Nobody reads a flight recorder meanwhile.
timer(Kind, _) when Kind =:= live; Kind =:= snapshot -> 0;
timer(_, Ms) -> Ms * 1000.

shm_path(_, #{shm_path := none}) -> <<>>;
shm_path(Name, #{shm_path := Path}) -> filename:join(Path, Name).

rotation(Kind, #{rotate := #{every := Ms, size := Bytes}}) when Kind =:= local; Kind =:= net -> {Ms * 1000, Bytes};
rotation(_, _) -> {0, 0}.

%% @doc Starts recording.
-spec start([lttng_session()], beamtap_deadline:deadline()) -> ok | beamtap_nif:failure().
start([], _) ->
    ok;
start([#{session := Session} | Rest], Deadline) ->
    case beamtap_nif:session_start(Session, beamtap_deadline:for_request(Deadline)) of
        ok -> start(Rest, Deadline);
        {error, _} = Error -> Error
    end.

%% @doc Writes everything recorded so far, by stopping and starting again: LTTng's own flush leaves the metadata in memory.
%% Flight recorders are left alone; a snapshot reads them.
-spec flush([lttng_session()], beamtap_deadline:deadline()) -> ok | beamtap_nif:failure().
flush(Sessions, Deadline) ->
    Streams = [S || #{place := #{kind := Kind}} = S <- Sessions, Kind =/= snapshot],
    case stop(Streams, Deadline) of
        {_, []} -> start(Streams, Deadline);
        {_, [Failure | _]} -> Failure
    end.

%% @doc Reads the canary with this number back, where this machine can read the trace. What goes to another machine's relay
%% daemon stays unverified.
-spec verify([lttng_session()], {non_neg_integer(), non_neg_integer()}, beamtap_deadline:deadline()) ->
    {ok, [lttng_session()]} | beamtap_error:error().
verify(Sessions, Nonce, Deadline) ->
    verify(Sessions, Nonce, Deadline, []).

verify([], _, _, Done) ->
    {ok, lists:reverse(Done)};
verify([#{place := #{kind := Kind} = Place} = Known | Rest], Nonce, Deadline, Done) ->
    case arrived(Kind, Place, Known, Nonce, Deadline) of
        true -> verify(Rest, Nonce, Deadline, [Known#{verified := true} | Done]);
        unknown -> verify(Rest, Nonce, Deadline, [Known | Done]);
        {error, _} = Error -> Error
    end.

arrived(snapshot, #{directory := _} = Place, #{session := Session}, Nonce, Deadline) ->
    case beamtap_nif:session_snapshot(Session, ?VERIFY_LABEL, beamtap_deadline:for_request(Deadline)) of
        {ok, Taken} ->
            Answer = read_back(Taken, Nonce, Deadline, Place),
            _ = file:del_dir_r(Taken),
            Answer;
        {error, _} ->
            %% LTTng has found nothing to write.
            nothing_recorded(Place)
    end;
arrived(_, #{directory := Directory} = Place, _, Nonce, Deadline) ->
    read_back(Directory, Nonce, Deadline, Place);
arrived(_, _, _, _, _) ->
    unknown.

read_back(Directory, Nonce, Deadline, Place) ->
    case beamtap_sidecar:has_canary(Directory, Nonce, min(?VERIFY_MS, beamtap_deadline:remaining(Deadline))) of
        true -> true;
        false -> nothing_recorded(Place);
        %% A node that beamtap was attached to may not have beamtapd.
        {error, _} -> unknown
    end.

nothing_recorded(#{kind := Kind, directory := Directory}) ->
    {error, #{reason => not_recording, kind => Kind, directory => Directory}}.

%% @doc Whether all of them still record. Without Asks this takes microseconds: it checks that the daemons are alive and that
%% what they write has a place. A session daemon that does not answer may record nevertheless.
-spec check([lttng_session()], Asks :: boolean()) -> ok | beamtap_nif:failure().
check([], _) ->
    ok;
check([#{session := Session} | Rest], Asks) ->
    WithinMs = case Asks of true -> ?CHECK_MS; false -> 0 end,
    case beamtap_nif:session_check(Session, WithinMs) of
        ok -> check(Rest, Asks);
        {error, {timeout, _, _}} -> check(Rest, false);
        {error, _} = Failure -> Failure
    end.

%% @doc Who started their session daemon: this tap, another tap of this VM, or somebody else.
-spec daemon([lttng_session()]) -> own | vm | foreign.
daemon([#{session := Session} | _]) ->
    beamtap_nif:session_daemon(Session).

%% @doc Ends that session daemon if this tap started it.
-spec end_daemon([lttng_session()], beamtap_deadline:deadline()) -> ok | beamtap_nif:failure().
end_daemon([#{session := Session} | _], Deadline) ->
    beamtap_nif:session_end_daemon(Session, beamtap_deadline:for_request(Deadline)).

%% @doc Ends the session daemon that this VM has kept for its next tap, unless somebody has an LTTng session in it.
-spec dismiss_daemon() -> ok.
dismiss_daemon() ->
    %% It is killed if it does not end in time, and ends with the VM at the latest.
    _ = erlang:module_loaded(beamtap_nif) andalso beamtap_nif:dismiss_daemon(?DISMISS_MS),
    ok.

%% @doc Stops recording, waits for events under way, and notes losses. Returns the failures, too.
-spec stop([lttng_session()], beamtap_deadline:deadline()) -> {[lttng_session()], [beamtap_nif:failure()]}.
stop(Sessions, Deadline) ->
    {Stopped, _} = lists:mapfoldl(
        fun(#{session := Session} = Known, Silence) ->
            Losses = stop_one(Session, Silence, Deadline),
            {Known#{losses => Losses}, silence(Losses)}
        end,
        none,
        Sessions
    ),
    {Stopped, lists:usort([Failure || #{losses := {error, _} = Failure} <- Stopped])}.

stop_one(Session, none, Deadline) ->
    beamtap_nif:session_stop(Session, beamtap_deadline:for_request(Deadline));
stop_one(_, Failure, _) ->
    %% The same daemon did not answer a moment ago.
    Failure.

silence({error, {timeout, _, _}} = Failure) -> Failure;
silence(_) -> none.

%% @doc Ends the LTTng sessions. The trace stays. Returns the failures.
-spec destroy([lttng_session()], beamtap_deadline:deadline()) -> [beamtap_nif:failure()].
destroy(Sessions, Deadline) ->
    [Failure || Known <- Sessions, {error, _} = Failure <- [destroy_one(Known, Deadline)]].

%% A daemon that did not answer on stop is not waited for again. What LTTng could not write is in the buffers, if these are
%% files.
destroy_one(#{session := Session, losses := {error, {timeout, _, _}}}, _) ->
    beamtap_nif:session_destroy(Session, 0);
destroy_one(#{session := Session, losses := {error, _}}, Deadline) ->
    beamtap_nif:session_destroy(Session, beamtap_deadline:for_request(Deadline));
destroy_one(#{session := Session} = Known, Deadline) ->
    case beamtap_nif:session_destroy(Session, beamtap_deadline:for_request(Deadline)) of
        ok ->
            _ = [beamtap_remains:unmark(Mark) || #{mark := Mark} <- [Known]],
            ok;
        {error, _} = Error ->
            Error
    end.

%% @doc The same LTTng sessions after an interruption: LTTng did not write everything, so the link to the trace stays.
-spec interrupted([lttng_session()]) -> [lttng_session()].
interrupted(Sessions) ->
    [maps:remove(mark, Known) || Known <- Sessions].

%% @doc Writes what the flight recorder holds. Returns the directory, or the relay daemon's URL.
-spec snapshot([lttng_session()], binary(), beamtap_deadline:deadline()) -> {ok, binary()} | beamtap_error:error().
snapshot(Sessions, Label, Deadline) ->
    case [{Place, Session} || #{place := #{kind := snapshot} = Place, session := Session} <- Sessions] of
        [] ->
            {error, #{reason => no_flight_recorder}};
        [{Place, Session}] ->
            case beamtap_nif:session_snapshot(Session, Label, beamtap_deadline:remaining(Deadline)) of
                {ok, remote} -> {ok, maps:get(url, Place)};
                {ok, Directory} -> {ok, Directory};
                {error, _} = Error -> beamtap_error:from_native(Error)
            end
    end.

%% @doc Records an event from now on. With LTTng's filter, only events that pass it.
-spec enable([lttng_session()], wanted(), Filter :: binary(), beamtap_deadline:deadline()) -> ok | beamtap_error:error().
enable(Sessions, {Event, _, Channel} = Wanted, Filter, Deadline) ->
    Enable = fun(Session, WithinMs) ->
        beamtap_nif:session_enable(Session, Channel, qualified(Event), Filter, WithinMs)
    end,
    %% LTTng records an event if any of its rules lets it through, so rules without this filter have to go. It removes all
    %% rules of an event together. The first attempt tells whether the filter is valid.
    case on_all(Sessions, Enable, Deadline) of
        ok when Filter =/= <<>> ->
            _ = disable(Sessions, Wanted, Deadline),
            on_all(Sessions, Enable, Deadline);
        Answer ->
            Answer
    end.

%% @doc Stops recording an event.
-spec disable([lttng_session()], wanted(), beamtap_deadline:deadline()) -> ok | beamtap_error:error().
disable(Sessions, {Event, _, Channel}, Deadline) ->
    Disable = fun(Session, WithinMs) -> beamtap_nif:session_disable(Session, Channel, qualified(Event), WithinMs) end,
    on_all(Sessions, Disable, Deadline).

on_all([], _, _) ->
    ok;
on_all([#{session := Session} | Rest], Act, Deadline) ->
    case Act(Session, beamtap_deadline:for_request(Deadline)) of
        ok -> on_all(Rest, Act, Deadline);
        {error, _} = Error -> beamtap_error:from_native(Error)
    end.

%% @doc Removes the oldest closed chunks beyond the number to keep.
-spec prune([lttng_session()]) -> ok.
prune(Sessions) ->
    _ = [prune(filename:join(Directory, ?ARCHIVES), Keep) || #{place := #{directory := Directory, keep := Keep}} <- Sessions],
    ok.

prune(Archives, Keep) ->
    case file:list_dir(Archives) of
        %% Their names begin with their times, so the order is the same.
        {ok, Chunks} when length(Chunks) > Keep ->
            Old = lists:sublist(lists:sort(Chunks), length(Chunks) - Keep),
            [file:del_dir_r(filename:join(Archives, Chunk)) || Chunk <- Old];
        _ ->
            []
    end.

%% @doc What the user is told of each: mode, place, whether its canary was read back, and the losses after it stopped.
-spec describe([lttng_session()]) -> [map()].
describe(Sessions) ->
    [describe_one(Known) || Known <- Sessions].

describe_one(#{place := #{kind := Kind} = Place, verified := Verified} = Known) ->
    Where =
        case Place of
            #{directory := Directory} -> #{path => Directory};
            #{url := Url} -> #{url => Url}
        end,
    Base = maps:merge(Where#{mode => Kind, verified => Verified}, maps:with([live], Known)),
    case Known of
        #{losses := {ok, #{discarded := Discarded, lost_packets := Lost}}} ->
            Base#{discarded => total(Discarded), lost => total(Lost)};
        #{losses := {error, _}} ->
            Base#{discarded => unknown, lost => unknown};
        _ ->
            Base
    end.

total(Channels) -> lists:sum(maps:values(Channels)).
