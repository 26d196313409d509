%% @private
%% Turns the messages of the VM's system monitor into events.
-module(beamtap_system_monitor).
-behaviour(gen_server).

-export([start_link/2, taken/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-type state() :: #{slot := beamtap_nif:slot(), monitor := beamtap_vm:monitor(), told := non_neg_integer()}.

%% Bursts make some long message queues. One of 10,000 does not go away by itself.
-define(DEFAULT_LONG_MESSAGE_QUEUE, {1000, 10000}).
-define(FIRST_OTP_WITH_QUEUES, 27).
%% If more messages than these wait here, the monitor is ended before it fills the memory. Checked every so many messages.
-define(MOST_WAITING, 10000).
-define(LOOK_EVERY, 256).

%% @doc Begins to record. The monitor ends with the process.
-spec start_link(beamtap_nif:slot(), #{atom() => term()}) -> gen_server:start_ret().
start_link(Slot, Thresholds) ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, {Slot, Thresholds}, []).

%% @doc The error where somebody else has the node's only system monitor.
-spec taken(pid() | port()) -> beamtap_error:error().
taken(Other) ->
    Name =
        case is_pid(Other) andalso process_info(Other, registered_name) of
            {registered_name, Known} -> #{name => Known};
            _ -> #{}
        end,
    {error, Name#{reason => monitored_by_others, by => Other}}.

-spec init({beamtap_nif:slot(), #{atom() => term()}}) -> {ok, state()} | {stop, {shutdown, beamtap_error:error()}}.
init({Slot, Thresholds}) ->
    process_flag(sensitive, true),
    %% The time of an event is the time at which its message is read.
    process_flag(priority, high),
    case beamtap_vm:monitor_on(settings(Thresholds)) of
        {ok, Monitor} ->
            {ok, #{slot => Slot, monitor => Monitor, told => 0}};
        {taken, Other} ->
            {stop, {shutdown, taken(Other)}};
        {unknown, Settings} ->
            {stop, {shutdown, {error, #{reason => bad_option, option => system_monitor, settings => Settings}}}}
    end.

settings(Thresholds) ->
    Known = maps:map(
        fun
            (long_message_queue, default) -> default_queue();
            (_, Value) -> Value
        end,
        Thresholds
    ),
    [Setting || {_, Value} = Setting <- maps:to_list(Known), Value =/= false].

default_queue() ->
    list_to_integer(erlang:system_info(otp_release)) >= ?FIRST_OTP_WITH_QUEUES andalso ?DEFAULT_LONG_MESSAGE_QUEUE.

-spec handle_call(close, gen_server:from(), state()) -> {stop, normal, ok | beamtap_nif:failure(), state()}.
handle_call(close, _From, #{slot := Slot, monitor := Monitor} = State) ->
    Answer = beamtap_vm:monitor_off(Monitor),
    ok = drain(Slot),
    {stop, normal, answer(Answer), State}.

answer(ok) ->
    ok;
answer(taken) ->
    {error, {monitored_by_others, <<"somebody else took it over while the tap ran">>, <<"see erlang:system_monitor()">>}}.

drain(Slot) ->
    receive
        {monitor, Who, Event, Info} ->
            ok = emit(Slot, Event, Who, Info),
            drain(Slot)
    after 0 -> ok
    end.

-spec handle_cast(term(), state()) -> {noreply, state()}.
handle_cast(_, State) ->
    {noreply, State}.

-spec handle_info(term(), state()) -> {noreply, state()} | {stop, {shutdown, overload}, state()}.
handle_info({monitor, Who, Event, Info}, #{slot := Slot, told := Told} = State) ->
    ok = emit(Slot, Event, Who, Info),
    case Told rem ?LOOK_EVERY =:= 0 andalso process_info(self(), message_queue_len) of
        {message_queue_len, Waiting} when Waiting > ?MOST_WAITING -> {stop, {shutdown, overload}, State};
        _ -> {noreply, State#{told := Told + 1}}
    end;
handle_info(_, State) ->
    {noreply, State}.

emit(Slot, Event, Who, Info) ->
    {Name, Fields} = event(Event, Who, Info),
    beamtap_nif:observed(Slot, Name, Fields).

event(long_gc, Pid, Info) ->
    {long_gc, {Pid, value(timeout, Info), Info}};
event(large_heap, Pid, Info) ->
    {large_heap, {Pid, Info}};
event(long_schedule, Port, Info) when is_port(Port) ->
    {port_long_schedule, {Port, value(timeout, Info), value(port_op, Info)}};
event(long_schedule, Pid, Info) ->
    {long_schedule, {Pid, value(timeout, Info), value(in, Info), value(out, Info)}};
event(Event, Pid, Info) when Event =:= busy_port; Event =:= busy_dist_port; Event =:= long_message_queue ->
    {Event, {Pid, Info}}.

value(Key, Info) ->
    {Key, Value} = lists:keyfind(Key, 1, Info),
    Value.
