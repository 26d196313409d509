%% @private
%% The functions of the native library: stubs and nothing else, so that this module never has to be reloaded (the VM cannot
%% replace the library under a running trace). The VM finds the tracer callbacks by name and arity. `trace_call/5' and
%% `trace_send/5' are missing on purpose: the VM's meta-trace path calls them wrongly.
-module(beamtap_nif).

%% Tracer callbacks
-export([enabled/3, trace/5]).
-export([enabled_call/3, enabled_send/3, enabled_receive/3, enabled_procs/3, enabled_running_procs/3]).
-export([enabled_garbage_collection/3, enabled_ports/3, enabled_running_ports/3]).
-export([trace_receive/5, trace_procs/5, trace_running_procs/5, trace_garbage_collection/5]).
-export([trace_ports/5, trace_running_ports/5]).
%% Provider, definitions, counters
-export([calibrate/2, open_provider/1, open_otp_provider/2, provider/0, catalogue/0, fields/1, await_enabled/2, timed/0]).
-export([counters/0, emit_counters/1, emit_joined/1, emit_canary/2, dump_definitions/1, dump_processes/1, panics/0]).
-export([emit_gap/5, emit_pause/1, emit_resume/2, emit_ended/3, emit_caveat/2, dump_ends/2]).
-export([dump_labels/1, dump_modules/1, watch_definitions/1]).
%% Marks and spans of the application
-export([mark/1, records_marks/0, span_begin/1, span_end/2]).
%% Classes that no trace flag makes
-export([observed/3]).
%% Taps
-export([tap_open/2, tap_arm/1, tap_clock/1, tap_disarm/1, tap_close/1, tap_info/1, tap_watch/2, taps_of/1, hold/1, release/1]).
%% LTTng
-export([session_open/2, session_start/2, session_stop/2, session_destroy/2, sessions/0, audience/1, flights/1, lttng_status/1]).
-export([session_snapshot/3, session_enable/5, session_disable/4, session_live_port/1]).
-export([session_check/2, session_daemon/1, session_end_daemon/2, dismiss_daemon/1]).
%% Traces
-export([trace_begin/2, trace_end/1, traces_in/1, traces_keep/4]).
-export_type([event/0, slot/0, lttng_session/0, failure/0, tap_limits/0, lttng_session_options/0]).

-on_load(load/0).

-type event() :: binary().
-type slot() :: non_neg_integer().
-type lttng_session() :: reference().
-type failure() :: {error, {Kind :: atom(), Line :: binary(), Remedy :: binary()}}.
-type answer() :: trace | discard | remove.
-type limit() :: pos_integer() | infinity.
%% `payloads': of arguments, return values, messages, exit reasons.
-type tap_limits() :: #{
    events := limit(),
    deadline_ms := limit(),
    events_per_second => limit(),
    payloads => {
        beamtap_payload:amount(), beamtap_payload:amount(), beamtap_payload:amount(), beamtap_payload:amount()
    }
}.
-type trip() :: none | events | rate | deadline | owner | panics.
-type lttng_session_options() :: #{
    name := binary(),
    mode := session_mode(),
    channels := [
        #{
            name := binary(),
            subbuf_size := pos_integer(),
            num_subbuf := pos_integer(),
            overwrite := boolean(),
            switch_timer_us := non_neg_integer(),
            tracefile_size := non_neg_integer(),
            tracefile_count := non_neg_integer()
        }
    ],
    events := [{Channel :: binary(), Event :: binary()}],
    track_self := boolean(),
    per_pid := boolean(),
    shm_path := binary(),
    rotation := {Microseconds :: non_neg_integer(), Bytes :: non_neg_integer()},
    trace_format := default | ctf1 | ctf2,
    may_start := boolean(),
    keep_daemon_ms := non_neg_integer(),
    %% The file of beamtapd, which watches over a session daemon that is started; empty if there is none.
    guard := binary()
}.
%% Where events go; `relayd' is live through a relay daemon started for the LTTng session.
-type session_mode() ::
    {local | snapshot, Directory :: binary()}
    | {net | snapshot_net, Url :: binary()}
    | {live, Url :: binary(), Microseconds :: pos_integer()}
    | {relayd, Directory :: binary(), Microseconds :: pos_integer()}.
-type vm() :: #{
    node := binary(),
    otp_release := binary(),
    erts := binary(),
    schedulers := pos_integer(),
    beamtap := binary()
}.
-type process() :: {pid(), pid() | undefined, atom(), mfa() | undefined}.

load() ->
    erlang:load_nif(beamtap_files:file("libbeamtap_nif"), 0).

-spec enabled(atom(), term(), pid() | port() | undefined) -> answer().
enabled(_Tag, _State, _Tracee) -> erlang:nif_error(not_loaded).

-spec enabled_call(atom(), term(), pid()) -> answer().
enabled_call(_Tag, _State, _Tracee) -> erlang:nif_error(not_loaded).

-spec enabled_send(atom(), term(), pid() | port()) -> answer().
enabled_send(_Tag, _State, _Tracee) -> erlang:nif_error(not_loaded).

-spec enabled_receive(atom(), term(), pid() | port()) -> answer().
enabled_receive(_Tag, _State, _Tracee) -> erlang:nif_error(not_loaded).

-spec enabled_procs(atom(), term(), pid()) -> answer().
enabled_procs(_Tag, _State, _Tracee) -> erlang:nif_error(not_loaded).

-spec enabled_running_procs(atom(), term(), pid()) -> answer().
enabled_running_procs(_Tag, _State, _Tracee) -> erlang:nif_error(not_loaded).

-spec enabled_garbage_collection(atom(), term(), pid()) -> answer().
enabled_garbage_collection(_Tag, _State, _Tracee) -> erlang:nif_error(not_loaded).

-spec enabled_ports(atom(), term(), port()) -> answer().
enabled_ports(_Tag, _State, _Tracee) -> erlang:nif_error(not_loaded).

-spec enabled_running_ports(atom(), term(), port()) -> answer().
enabled_running_ports(_Tag, _State, _Tracee) -> erlang:nif_error(not_loaded).

-spec trace(atom(), term(), pid() | port() | undefined, term(), map()) -> term().
trace(_Tag, _State, _Tracee, _Term, _Opts) -> erlang:nif_error(not_loaded).

-spec trace_receive(atom(), term(), pid() | port(), term(), map()) -> term().
trace_receive(_Tag, _State, _Tracee, _Term, _Opts) -> erlang:nif_error(not_loaded).

-spec trace_procs(atom(), term(), pid(), term(), map()) -> term().
trace_procs(_Tag, _State, _Tracee, _Term, _Opts) -> erlang:nif_error(not_loaded).

-spec trace_running_procs(atom(), term(), pid(), term(), map()) -> term().
trace_running_procs(_Tag, _State, _Tracee, _Term, _Opts) -> erlang:nif_error(not_loaded).

-spec trace_garbage_collection(atom(), term(), pid(), term(), map()) -> term().
trace_garbage_collection(_Tag, _State, _Tracee, _Term, _Opts) -> erlang:nif_error(not_loaded).

-spec trace_ports(atom(), term(), port(), term(), map()) -> term().
trace_ports(_Tag, _State, _Tracee, _Term, _Opts) -> erlang:nif_error(not_loaded).

-spec trace_running_ports(atom(), term(), port(), term(), map()) -> term().
trace_running_ports(_Tag, _State, _Tracee, _Term, _Opts) -> erlang:nif_error(not_loaded).

-spec calibrate([{pid(), non_neg_integer(), non_neg_integer()}], [{port(), non_neg_integer()}]) ->
    ok | {error, unknown_layout}.
calibrate(_Pids, _Ports) -> erlang:nif_error(not_loaded).

-spec open_provider(binary()) -> ok | failure().
open_provider(_Path) -> erlang:nif_error(not_loaded).

-spec open_otp_provider(binary(), none | dtrace | systemtap | lttng) -> ok | failure().
open_otp_provider(_Path, _DynamicTrace) -> erlang:nif_error(not_loaded).

-spec provider() -> not_loaded | loaded | {failed, binary()}.
provider() -> erlang:nif_error(not_loaded).

-spec catalogue() -> [{event(), Class :: binary(), Channel :: binary()}].
catalogue() -> erlang:nif_error(not_loaded).

%% The fields of an event of the catalogue, in their order.
-spec fields(event()) -> [beamtap_filter:field()].
fields(_Event) -> erlang:nif_error(not_loaded).

-spec await_enabled([event()], non_neg_integer()) -> ok | timeout.
await_enabled(_Events, _TimeoutMs) -> erlang:nif_error(not_loaded).

-spec counters() ->
    [
        {event(), Emitted :: non_neg_integer(), Suppressed :: non_neg_integer(), Unreadable :: non_neg_integer(),
            Truncated :: non_neg_integer()}
    ].
counters() -> erlang:nif_error(not_loaded).

-spec timed() -> {Events :: non_neg_integer(), Ns :: non_neg_integer()}.
timed() -> erlang:nif_error(not_loaded).

-spec emit_counters('begin' | running | 'end' | snapshot) -> ok | {error, no_slot}.
emit_counters(_Phase) -> erlang:nif_error(not_loaded).

%% The counters of events that a recording has from now on.
-spec emit_joined([event()]) -> ok | {error, no_slot}.
emit_joined(_Events) -> erlang:nif_error(not_loaded).

-spec emit_canary(non_neg_integer(), non_neg_integer()) -> ok | {error, no_slot}.
emit_canary(_High, _Low) -> erlang:nif_error(not_loaded).

%% How many events were emitted while LTTng did not record, and why.
-spec emit_gap(
    Session :: binary(), LengthNs :: non_neg_integer(), Emitted :: non_neg_integer(), SinceBegin :: non_neg_integer(),
    Reason :: binary()
) -> ok | {error, no_slot}.
emit_gap(_Session, _LengthNs, _Emitted, _SinceBegin, _Reason) -> erlang:nif_error(not_loaded).

%% What becomes of the tap that records with the LTTng session of this name.
-spec emit_pause(Session :: binary()) -> ok | {error, no_slot}.
emit_pause(_Session) -> erlang:nif_error(not_loaded).

-spec emit_resume(Session :: binary(), LengthNs :: non_neg_integer()) -> ok | {error, no_slot}.
emit_resume(_Session, _LengthNs) -> erlang:nif_error(not_loaded).

-spec emit_ended(Session :: binary(), beamtap:ended_by(), LengthNs :: non_neg_integer()) -> ok | {error, no_slot}.
emit_ended(_Session, _EndedBy, _LengthNs) -> erlang:nif_error(not_loaded).

%% What the trace lacks though it was asked for.
-spec emit_caveat(Session :: binary(), Text :: binary()) -> ok | {error, no_slot}.
emit_caveat(_Session, _Text) -> erlang:nif_error(not_loaded).

%% Whether the ends of calls of these functions are recorded.
-spec dump_ends([mfa()], Recorded :: boolean()) -> ok | {error, no_slot}.
dump_ends(_Functions, _Recorded) -> erlang:nif_error(not_loaded).

-spec dump_definitions(vm()) -> ok | {error, no_slot}.
dump_definitions(_Vm) -> erlang:nif_error(not_loaded).

%% @doc Emits who these processes are.
-spec dump_processes([process()]) -> ok | {error, no_slot}.
dump_processes(_Processes) -> erlang:nif_error(not_loaded).

-spec dump_labels([{pid(), term()}]) -> ok | {error, no_slot}.
dump_labels(_Labels) -> erlang:nif_error(not_loaded).

-spec dump_modules([{module(), binary()}]) -> ok | {error, no_slot}.
dump_modules(_Modules) -> erlang:nif_error(not_loaded).

-spec watch_definitions(pid() | none) -> ok | {error, no_guard}.
watch_definitions(_Listener) -> erlang:nif_error(not_loaded).

-spec panics() -> non_neg_integer().
panics() -> erlang:nif_error(not_loaded).

-spec mark(term()) -> ok.
mark(_Text) -> erlang:nif_error(not_loaded).

-spec records_marks() -> boolean().
records_marks() -> erlang:nif_error(not_loaded).

-spec span_begin(term()) -> non_neg_integer().
span_begin(_Name) -> erlang:nif_error(not_loaded).

-spec span_end(pos_integer(), returned | error | exit | throw) -> ok.
span_end(_Span, _Outcome) -> erlang:nif_error(not_loaded).

%% Emits an event for a tap; the tuple has its fields.
-spec observed(slot(), atom(), tuple()) -> ok.
observed(_Slot, _Event, _Fields) -> erlang:nif_error(not_loaded).

-spec tap_open(pid(), tap_limits()) -> {ok, slot()} | {error, no_slot}.
tap_open(_Owner, _Limits) -> erlang:nif_error(not_loaded).

-spec tap_arm(slot()) -> ok | {error, no_tap | no_guard}.
tap_arm(_Slot) -> erlang:nif_error(not_loaded).

%% Starts the time limit of an armed tap.
-spec tap_clock(slot()) -> ok.
tap_clock(_Slot) -> erlang:nif_error(not_loaded).

-spec tap_disarm(slot()) -> ok | {error, not_quiet}.
tap_disarm(_Slot) -> erlang:nif_error(not_loaded).

-spec tap_close(slot()) -> ok.
tap_close(_Slot) -> erlang:nif_error(not_loaded).

-spec tap_info(slot()) ->
    #{state := idle | armed | tripped, reason := trip(), emitted := non_neg_integer()} | {error, no_tap}.
tap_info(_Slot) -> erlang:nif_error(not_loaded).

-spec tap_watch(slot(), pid()) -> ok | {error, no_guard}.
tap_watch(_Slot, _Session) -> erlang:nif_error(not_loaded).

%% The slots that this process has opened and nobody has closed.
-spec taps_of(pid()) -> [slot()].
taps_of(_Owner) -> erlang:nif_error(not_loaded).

%% Nothing is emitted in the VM until release/1 or tap_close/1.
-spec hold(slot()) -> ok | {error, not_quiet}.
hold(_Slot) -> erlang:nif_error(not_loaded).

-spec release(slot()) -> ok.
release(_Slot) -> erlang:nif_error(not_loaded).

%% `WithinMs' limits how long LTTng is asked.
-spec session_open(lttng_session_options(), WithinMs :: non_neg_integer()) -> {ok, lttng_session()} | failure().
session_open(_Options, _WithinMs) -> erlang:nif_error(not_loaded).

-spec session_start(lttng_session(), WithinMs :: non_neg_integer()) -> ok | failure().
session_start(_Session, _WithinMs) -> erlang:nif_error(not_loaded).

-spec session_stop(lttng_session(), WithinMs :: non_neg_integer()) ->
    {ok, #{
        discarded := #{binary() => non_neg_integer()},
        lost_packets := #{binary() => non_neg_integer()},
        is_final := boolean()
    }}
    | failure().
session_stop(_Session, _WithinMs) -> erlang:nif_error(not_loaded).

-spec session_snapshot(lttng_session(), Label :: binary(), WithinMs :: non_neg_integer()) ->
    {ok, Directory :: binary()} | {ok, remote} | failure().
session_snapshot(_Session, _Label, _WithinMs) -> erlang:nif_error(not_loaded).

-spec session_enable(
    lttng_session(), Channel :: binary(), Event :: binary(), Filter :: binary(), WithinMs :: non_neg_integer()
) -> ok | failure().
session_enable(_Session, _Channel, _Event, _Filter, _WithinMs) -> erlang:nif_error(not_loaded).

-spec session_disable(lttng_session(), Channel :: binary(), Event :: binary(), WithinMs :: non_neg_integer()) ->
    ok | failure().
session_disable(_Session, _Channel, _Event, _WithinMs) -> erlang:nif_error(not_loaded).

%% With 0 the daemon is not asked, which takes microseconds.
-spec session_check(lttng_session(), WithinMs :: non_neg_integer()) -> ok | failure().
session_check(_Session, _WithinMs) -> erlang:nif_error(not_loaded).

%% Who started the session daemon: this tap, another tap of this VM, or somebody else.
-spec session_daemon(lttng_session()) -> own | vm | foreign.
session_daemon(_Session) -> erlang:nif_error(not_loaded).

-spec session_end_daemon(lttng_session(), WithinMs :: non_neg_integer()) -> ok | failure().
session_end_daemon(_Session, _WithinMs) -> erlang:nif_error(not_loaded).

%% Ends the session daemon that this VM started, unless somebody has an LTTng session in it. None is kept until the next LTTng
%% session is opened.
-spec dismiss_daemon(WithinMs :: non_neg_integer()) -> ok | failure().
dismiss_daemon(_WithinMs) -> erlang:nif_error(not_loaded).

-spec session_live_port(lttng_session()) -> inet:port_number() | none.
session_live_port(_Session) -> erlang:nif_error(not_loaded).

%% What has not ended in time ends by itself later.
-spec session_destroy(lttng_session(), WithinMs :: non_neg_integer()) -> ok | failure().
session_destroy(_Session, _WithinMs) -> erlang:nif_error(not_loaded).

-spec sessions() -> {ok, [binary()]} | failure().
sessions() -> erlang:nif_error(not_loaded).

%% The LTTng sessions that have events of this VM enabled, whoever made them, active or not.
-spec audience(WithinMs :: non_neg_integer()) ->
    {ok, [
        {Name :: binary(), IsActive :: boolean(), local | net | live | snapshot, Path :: binary(), Events :: [binary()]}
    ]}
    | failure().
audience(_WithinMs) -> erlang:nif_error(not_loaded).

%% Flight recorders of killed VMs whose LTTng session's name begins with Stem. Each is returned once.
-spec flights(Stem :: binary()) -> [{Name :: binary(), {ok, Place :: binary()} | {error, Why :: binary()}}].
flights(_Stem) -> erlang:nif_error(not_loaded).

-spec lttng_status(Output :: binary()) -> [{binary(), ok | warning | error, binary(), binary()}].
lttng_status(_) -> erlang:nif_error(not_loaded).

-spec trace_begin(Directory :: binary(), Node :: binary()) -> ok | {error, Why :: binary()}.
trace_begin(_Directory, _Node) -> erlang:nif_error(not_loaded).

-spec trace_end(Directory :: binary()) -> ok | {error, Why :: binary()}.
trace_end(_Directory) -> erlang:nif_error(not_loaded).

%% Newest first. Times are in seconds since 1970.
-spec traces_in(Directory :: binary()) ->
    {ok, [
        {
            Path :: binary(),
            Node :: binary(),
            running | finished | interrupted | elsewhere,
            Bytes :: non_neg_integer(),
            Begun :: non_neg_integer(),
            Changed :: non_neg_integer()
        }
    ]}
    | {error, Why :: binary()}.
traces_in(_Directory) -> erlang:nif_error(not_loaded).

-spec traces_keep(Directory :: binary(), Number :: limit(), Bytes :: limit(), AgeMs :: limit()) ->
    {ok, Removed :: [binary()], Failures :: [binary()]} | {error, Why :: binary()}.
traces_keep(_Directory, _Number, _Bytes, _AgeMs) -> erlang:nif_error(not_loaded).
