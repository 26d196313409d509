%% @private
%% The time that one call of a user's may take, shared by everything it leads to. A session daemon that stands still
%% must not keep its caller: what is not done by then goes on behind.
-module(beamtap_deadline).

-export([start/0, change/0, stop/0, undo/1, at_least/2, within/1, remaining/1, for_request/1, patience_ms/0]).
-export_type([deadline/0]).

%% The VM's monotonic time in milliseconds.
-opaque deadline() :: integer().

%% liblttng-ust looks for a new session daemon only every 5 s, and an event must have been read back by then.
-define(START_MS, 8200).
-define(CHANGE_MS, 8000).
-define(STOP_MS, 8000).
%% Nothing that works takes a session daemon so long; the rest of the time is for saying so.
-define(REQUEST_MS, 6000).
%% What is left of the ten seconds after a start that failed.
-define(UNDO_MS, 1000).
%% Whoever waits for a session that is busy with something else waits no longer than this.
-define(PATIENCE_MS, 9500).

%% @doc For a tap that starts.
-spec start() -> deadline().
start() -> within(?START_MS).

%% @doc For a change of a tap that runs, and for a snapshot.
-spec change() -> deadline().
change() -> within(?CHANGE_MS).

%% @doc For a tap that ends.
-spec stop() -> deadline().
stop() -> within(?STOP_MS).

%% @doc For taking back what a start has made that failed for Reason. A daemon that did not answer is not waited for again.
-spec undo(atom()) -> deadline().
undo(timeout) -> within(0);
undo(_) -> within(?UNDO_MS).

%% @doc The deadline, or a later one that leaves so many milliseconds.
-spec at_least(non_neg_integer(), deadline()) -> deadline().
at_least(Ms, Deadline) -> max(Deadline, within(Ms)).

%% @doc So many milliseconds from now on.
-spec within(non_neg_integer()) -> deadline().
within(Ms) -> erlang:monotonic_time(millisecond) + Ms.

%% @doc Milliseconds that are left; 0 when it has passed.
-spec remaining(deadline()) -> non_neg_integer().
remaining(Deadline) -> max(0, Deadline - erlang:monotonic_time(millisecond)).

%% @doc Milliseconds that one request to the session daemon may take.
-spec for_request(deadline()) -> non_neg_integer().
for_request(Deadline) -> min(?REQUEST_MS, remaining(Deadline)).

%% @doc Milliseconds that a caller waits for a session's answer.
-spec patience_ms() -> pos_integer().
patience_ms() -> ?PATIENCE_MS.
