%% @private
%% Turns SIGUSR1 into a message. The VM does not let go of SIGINT; scripts/beamtap-attach turns Ctrl-C into SIGUSR1.
-module(beamtap_interrupt).
-behaviour(gen_event).

-export([forward/1]).
-export([init/1, handle_event/2, handle_call/2]).

%% @doc From now on Pid gets the message `interrupt' for each SIGUSR1, which else ends the VM.
-spec forward(pid()) -> ok.
forward(Pid) ->
    ok = gen_event:add_handler(erl_signal_server, ?MODULE, Pid),
    %% OTP's own handler ends the VM at this signal, and does nothing that we need at others but SIGTERM's.
    _ = gen_event:delete_handler(erl_signal_server, erl_signal_handler, normal),
    os:set_signal(sigusr1, handle).

-spec init(pid()) -> {ok, pid()}.
init(Pid) ->
    {ok, Pid}.

-spec handle_event(term(), pid()) -> {ok, pid()}.
handle_event(sigusr1, Pid) ->
    Pid ! interrupt,
    {ok, Pid};
handle_event(sigterm, Pid) ->
    ok = init:stop(),
    {ok, Pid};
handle_event(_, Pid) ->
    {ok, Pid}.

-spec handle_call(term(), pid()) -> {ok, ok, pid()}.
handle_call(_, Pid) ->
    {ok, ok, Pid}.
