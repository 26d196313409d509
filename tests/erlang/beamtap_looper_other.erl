%% The other half of loops across modules, and a state machine.
-module(beamtap_looper_other).
-behaviour(gen_statem).

-export([back/1]).
-export([init/1, callback_mode/0, handle_event/4]).

back(N) ->
    beamtap_looper:across(N + 1).

init(none) -> {ok, state, 0}.

callback_mode() -> handle_event_function.

handle_event({call, From}, go, state, N) -> {keep_state, N + 1, {reply, From, ok}}.
