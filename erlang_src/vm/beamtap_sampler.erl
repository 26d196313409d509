%% @private
%% Samples what a class is about, at a steady pace: each of the two classes that are sampled has one of these.
%%
%% A class's module has first/0, which answers with what is kept up to the first sample, and sample/2, which emits one, for
%% a slot and from what was kept, and answers with what is kept up to the next.
%%
%% The process has low priority: where there is no time left over, samples come late, and say how long they are.
-module(beamtap_sampler).
-behaviour(gen_server).

-export([start_link/3]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-type state() :: #{module := module(), slot := beamtap_nif:slot(), every := pos_integer(), next := integer(), known := term()}.

%% @doc Begins to sample, every so many milliseconds. Module is also the process's name.
-spec start_link(module(), beamtap_nif:slot(), pos_integer()) -> gen_server:start_ret().
start_link(Module, Slot, Ms) ->
    gen_server:start_link({local, Module}, ?MODULE, {Module, Slot, Ms}, []).

-spec init({module(), beamtap_nif:slot(), pos_integer()}) -> {ok, state()}.
init({Module, Slot, Ms}) ->
    process_flag(sensitive, true),
    process_flag(priority, low),
    State = #{module => Module, slot => Slot, every => Ms, known => Module:first(), next => erlang:monotonic_time(millisecond)},
    {ok, later(State)}.

%% A tap that is shorter than the pace gets a sample, too; one that may not emit any more needs none.
-spec handle_call(close, gen_server:from(), state()) -> {stop, normal, ok, state()}.
handle_call(close, _From, #{slot := Slot} = State) ->
    case beamtap_nif:tap_info(Slot) of
        #{state := armed} -> {stop, normal, ok, sample(State)};
        _ -> {stop, normal, ok, State}
    end.

-spec handle_cast(term(), state()) -> {noreply, state()}.
handle_cast(_, State) ->
    {noreply, State}.

-spec handle_info(term(), state()) -> {noreply, state()}.
handle_info(sample, State) ->
    {noreply, later(sample(State))};
handle_info(_, State) ->
    {noreply, State}.

sample(#{module := Module, slot := Slot, known := Known} = State) ->
    State#{known := Module:sample(Slot, Known)}.

%% What was missed is not made up for.
later(#{every := Ms, next := Last} = State) ->
    Now = erlang:monotonic_time(millisecond),
    Next = Last + Ms * ((max(0, Now - Last) div Ms) + 1),
    _ = erlang:send_after(Next, self(), sample, [{abs, true}]),
    State#{next := Next}.
