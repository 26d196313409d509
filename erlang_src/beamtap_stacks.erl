%% @private
%% Notices processes in which calls pile up without returning: funs and apply hide loops from whoever reads the code.
%%
%% Nothing is asked of the tracer. While calls outnumber returns, the stacks of all processes are measured; one that grows
%% from look to look is told to the tap's session, with the functions it was seen in.
-module(beamtap_stacks).

-export([start_link/1]).

%% The first looks come soon after another, since a busy loop piles up thousands of calls in milliseconds.
-define(FIRST_MS, 10).
-define(EVERY_MS, 250).
%% Calls that have not returned, since the last look, before processes are looked at.
-define(CALLS, 250).
%% A stack that is smaller than this does no harm.
-define(WORDS, 2000).
%% The functions that a process is in are asked for so many times, a millisecond apart.
-define(SAMPLES, 5).
%% Looking takes this part of the time at the most, however many processes there are.
-define(SHARE, 10).

%% @doc Starts to look, for the caller, at the processes that this grip traces. Sends
%% `{beamtap_piled, Words, [mfa()]}' to it; ends with it.
-spec start_link(beamtap_vm:grip()) -> pid().
start_link(Grip) ->
    Session = self(),
    spawn_link(fun() ->
        process_flag(sensitive, true),
        _ = monitor(process, Session),
        look(#{session => Session, grip => Grip, every => ?FIRST_MS, open => open_calls(), stacks => #{}})
    end).

look(#{session := Session, every := Ms, open := Open, stacks := Before} = State) ->
    receive
        {'DOWN', _, process, Session, _} -> exit(normal)
    after Ms -> ok
    end,
    Next = State#{every := min(2 * Ms, ?EVERY_MS)},
    case open_calls() of
        Now when Now - Open < ?CALLS, map_size(Before) =:= 0 ->
            look(Next);
        Now ->
            Began = erlang:monotonic_time(millisecond),
            Stacks = stacks(Next),
            Took = erlang:monotonic_time(millisecond) - Began,
            look(Next#{open := Now, stacks := Stacks, every := max(map_get(every, Next), ?SHARE * Took)})
    end.

open_calls() ->
    Emitted = maps:from_list([{element(1, Kind), element(2, Kind)} || Kind <- beamtap_nif:counters()]),
    #{<<"call">> := Calls, <<"return_from">> := Returns, <<"exception_from">> := Exceptions} = Emitted,
    Calls - Returns - Exceptions.

%% The large stacks that have grown since the last look, or were not there.
stacks(#{grip := Grip, session := Session, stacks := Before}) ->
    Large = [
        {Pid, Words}
     || Pid <- processes(), Pid =/= self(), {stack_size, Words} <- [process_info(Pid, stack_size)], Words >= ?WORDS,
        Words > maps:get(Pid, Before, 0), beamtap_vm:is_traced(Grip, Pid)
    ],
    _ = [Session ! {beamtap_piled, Words, functions(Pid, ?SAMPLES)} || {Pid, Words} <- Large, is_map_key(Pid, Before)],
    maps:from_list(Large).

functions(_, 0) ->
    [];
functions(Pid, Samples) ->
    Seen =
        case process_info(Pid, current_stacktrace) of
            {current_stacktrace, Stack} -> [{M, F, A} || {M, F, A, _} <- Stack];
            undefined -> []
        end,
    receive
    after 1 -> ok
    end,
    lists:usort(Seen ++ functions(Pid, Samples - 1)).
