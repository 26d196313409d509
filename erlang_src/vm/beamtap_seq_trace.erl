%% @private
%% Makes beamtap the system tracer of sequential tracing while a tap records the class `seq_trace'.
%%
%% A system tracer that is not a process outlives the process that set it. If this process dies, the tap process resets it,
%% or the janitor.
-module(beamtap_seq_trace).
-behaviour(gen_server).

-export([start_link/1]).
-export([init/1, handle_call/3, handle_cast/2]).

-type state() :: beamtap_vm:tracer().

%% @doc From now on the slot's tap gets the events of messages with a token.
-spec start_link(beamtap_nif:slot()) -> gen_server:start_ret().
start_link(Slot) ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, {beamtap_nif, Slot}, []).

-spec init(beamtap_vm:tracer()) -> {ok, state()} | {stop, {shutdown, beamtap_error:error()}}.
init(Tracer) ->
    process_flag(sensitive, true),
    case beamtap_vm:sequence_on(Tracer) of
        ok -> {ok, Tracer};
        {taken, Other} -> {stop, {shutdown, {error, #{reason => traced_by_others, what => seq_trace, by => Other}}}}
    end.

-spec handle_call(close, gen_server:from(), state()) -> {stop, normal, ok | beamtap_nif:failure(), state()}.
handle_call(close, _From, Tracer) ->
    {stop, normal, answer(beamtap_vm:sequence_off(Tracer)), Tracer}.

answer(ok) ->
    ok;
answer(taken) ->
    {error, {traced_by_others, <<"somebody else became the system tracer while the tap ran">>,
        <<"see seq_trace:get_system_tracer()">>}}.

-spec handle_cast(term(), state()) -> {noreply, state()}.
handle_cast(_, Tracer) ->
    {noreply, Tracer}.
