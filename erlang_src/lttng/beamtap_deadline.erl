%% @private
%% Deadlines: how long a user's call may take, with everything that it leads to. A caller does not wait for a session daemon
%% that hangs: what is not done by the deadline goes on without the caller.
-module(beamtap_deadline).

-export([start/0, change/0, stop/0, undo/1, at_least/2, within/1, remaining/1, for_request/1, patience_ms/0]).
-export_type([deadline/0]).

%% The VM's monotonic time in milliseconds.
-opaque deadline() :: integer().

%% liblttng-ust looks for a new session daemon every 5 s, and then an event has to be read back.
-define(START_MS, 8200).
-define(CHANGE_MS, 8000).
-define(STOP_MS, 8000).
%% A working session daemon answers sooner. The rest of the time is for reporting that it does not.
-define(REQUEST_MS, 6000).
%% What is left of ten seconds after a failed start.
-define(UNDO_MS, 1000).
%% How long a caller waits for a tap process that is busy.
-define(PATIENCE_MS, 9500).

%% @doc For the start of a tap.
-spec start() -> deadline().
start() -> within(?START_MS).

%% @doc For a change of a running tap, and for a snapshot.
-spec change() -> deadline().
change() -> within(?CHANGE_MS).

%% @doc For the end of a tap.
-spec stop() -> deadline().
stop() -> within(?STOP_MS).

%% @doc For taking back a start that failed for Reason. A daemon that did not answer is not waited for again.
-spec undo(atom()) -> deadline().
undo(timeout) -> within(0);
undo(_) -> within(?UNDO_MS).

%% @doc The deadline, or a later one with so many milliseconds left.
-spec at_least(non_neg_integer(), deadline()) -> deadline().
at_least(Ms, Deadline) -> max(Deadline, within(Ms)).

%% @doc So many milliseconds from now.
-spec within(non_neg_integer()) -> deadline().
within(Ms) -> erlang:monotonic_time(millisecond) + Ms.

%% @doc Milliseconds left; 0 after the deadline.
-spec remaining(deadline()) -> non_neg_integer().
remaining(Deadline) -> max(0, Deadline - erlang:monotonic_time(millisecond)).

%% @doc Milliseconds that one request to the session daemon may take.
-spec for_request(deadline()) -> non_neg_integer().
for_request(Deadline) -> min(?REQUEST_MS, remaining(Deadline)).

%% @doc Milliseconds that a caller waits for a tap process's answer.
-spec patience_ms() -> pos_integer().
patience_ms() -> ?PATIENCE_MS.
