%% @private
%% Notices processes in which calls pile up without returning. Loops through funs and apply cannot be found in the code.
%%
%% The tracer does not take part. While calls outnumber returns, the stacks of all processes are measured. A process whose
%% stack grows from one look to the next is reported to the tap process, with the functions it was seen in.
-module(beamtap_stacks).

-export([start_link/1, look/1]).

%% Looks are close together at first, and while a stack is suspected: a busy loop piles up thousands of calls in
%% milliseconds, and each call takes longer than the one before.
-define(FIRST_MS, 5).
-define(EVERY_MS, 20).
%% Processes are looked at when this many calls since the last look have not returned.
-define(CALLS, 250).
%% A smaller stack does no harm.
-define(WORDS, 2000).
%% How many more times a process is asked where it is, a millisecond apart.
-define(SAMPLES, 4).
%% A process with a stack of this size is suspended while it is looked at, for at most HELD_MS.
-define(LARGE_WORDS, 10000).
-define(HELD_MS, 200).
%% Looking takes at most one tenth of the time, however many processes there are.
-define(SHARE, 10).
-define(LATEST_MS, 1000).

%% @doc Starts the process. It does nothing until look/1, but has to exist before new processes are traced.
-spec start_link(beamtap_vm:grip()) -> pid().
start_link(Grip) ->
    Session = self(),
    Looker = spawn_link(fun() ->
        process_flag(sensitive, true),
        process_flag(priority, high),
        _ = monitor(process, Session),
        Session ! {?MODULE, self()},
        receive
            {'DOWN', _, process, Session, _} ->
                ok;
            {?MODULE, look} ->
                looking(#{session => Session, grip => Grip, every => ?FIRST_MS, open => open_calls(), stacks => #{}})
        end
    end),
    %% It is sensitive by now, so no trace shows it.
    receive
        {?MODULE, Looker} -> Looker
    end.

%% @doc Begins to look at the processes that the grip traces, until the tap process exits. Sends that
%% `{beamtap_piled, From, Words, [mfa()]}', which it has to answer with `{beamtap_heard, Session}'.
-spec look(pid()) -> ok.
look(Looker) ->
    Looker ! {?MODULE, look},
    ok.

looking(#{session := Session, every := Ms, open := Open, stacks := Before} = State) ->
    receive
        {'DOWN', _, process, Session, _} -> exit(normal);
        {beamtap_heard, Session} -> ok;
        {?MODULE, look} -> ok
    after Ms -> ok
    end,
    Next = State#{every := min(2 * Ms, ?EVERY_MS)},
    case open_calls() of
        Now when Now - Open < ?CALLS, map_size(Before) =:= 0 ->
            looking(Next);
        Now ->
            Began = erlang:monotonic_time(millisecond),
            Stacks = stacks(Next),
            Took = erlang:monotonic_time(millisecond) - Began,
            Soon = case map_size(Stacks) of 0 -> map_get(every, Next); _ -> ?FIRST_MS end,
            looking(Next#{open := Now, stacks := Stacks, every := max(Soon, min(?SHARE * Took, ?LATEST_MS))})
    end.

open_calls() ->
    Emitted = maps:from_list([{element(1, Kind), element(2, Kind)} || Kind <- beamtap_nif:counters()]),
    #{<<"call">> := Calls, <<"return_from">> := Returns, <<"exception_from">> := Exceptions} = Emitted,
    Calls - Returns - Exceptions.

%% The large stacks that have grown since the last look, or are new.
stacks(#{stacks := Before} = State) ->
    maps:from_list([
        {Pid, Words}
     || Pid <- processes(), Pid =/= self(), {stack_size, Words} <- [process_info(Pid, stack_size)], Words >= ?WORDS,
        case Before of
            #{Pid := Was} -> Words > Was;
            #{} -> true
        end,
        suspected(Pid, Words, is_map_key(Pid, Before), State)
    ]).

%% A busy process answers at the end of its time slice, and such a loop makes that long. So a process with a large stack is
%% suspended while it is looked at. If it has grown on, it stays so until the tap process has acted, a millisecond or two.
suspected(Pid, Words, _, State) when Words >= ?LARGE_WORDS ->
    try erlang:suspend_process(Pid) of
        true ->
            try
                report(Pid, Words, 0, State)
            after
                erlang:resume_process(Pid)
            end
    catch
        %% It has exited.
        error:badarg -> false
    end;
suspected(Pid, _, true, State) ->
    report(Pid, 0, ?SAMPLES, State);
suspected(_, _, false, _) ->
    true.

report(Pid, Before, Samples, #{grip := Grip, session := Session}) ->
    case process_info(Pid, [stack_size, current_stacktrace]) of
        [{stack_size, Words}, {current_stacktrace, Stack}] when Words > Before ->
            beamtap_vm:is_traced(Grip, Pid) andalso tell(Session, Words, functions(Stack) ++ sampled(Pid, Samples));
        _ ->
            true
    end.

tell(Session, Words, Functions) ->
    Session ! {beamtap_piled, self(), Words, lists:usort(Functions)},
    receive
        {beamtap_heard, Session} -> true
    after ?HELD_MS -> true
    end.

sampled(_, 0) ->
    [];
sampled(Pid, Samples) ->
    receive
    after 1 -> ok
    end,
    case process_info(Pid, current_stacktrace) of
        {current_stacktrace, Stack} -> functions(Stack) ++ sampled(Pid, Samples - 1);
        undefined -> []
    end.

functions(Stack) -> [{M, F, A} || {M, F, A, _} <- Stack].
