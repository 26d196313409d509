%% @private
%% What a trace says at its start about the VM and the processes that are there.
-module(beamtap_definitions).

-export([vm/0, processes/0, nonce/0, canary/1]).

-spec vm() -> map().
vm() ->
    #{
        node => atom_to_binary(node()),
        otp_release => list_to_binary(erlang:system_info(otp_release)),
        erts => list_to_binary(erlang:system_info(version)),
        schedulers => erlang:system_info(schedulers),
        beamtap => version()
    }.

version() ->
    case application:get_key(beamtap, vsn) of
        {ok, Version} -> list_to_binary(Version);
        undefined -> <<>>
    end.

%% @doc All processes with parent, name and the function they were started with.
-spec processes() -> [{pid(), pid() | undefined, atom(), mfa() | undefined}].
processes() ->
    [Known || Pid <- erlang:processes(), {ok, Known} <- [process(Pid)]].

process(Pid) ->
    case process_info(Pid, [registered_name, initial_call]) of
        [{registered_name, Name}, {initial_call, Call}] ->
            {ok, {Pid, parent(Pid), name(Name), initial_call(Pid, Call)}};
        undefined ->
            none
    end.

name(Name) when is_atom(Name) -> Name;
name([]) -> undefined.

%% Known from OTP 25 on.
parent(Pid) ->
    try process_info(Pid, parent) of
        {parent, Parent} when is_pid(Parent), node(Parent) =:= node() -> Parent;
        _ -> undefined
    catch
        error:badarg -> undefined
    end.

%% proc_lib's own entry says nothing; it keeps the one that was meant.
initial_call(Pid, {proc_lib, init_p, _}) ->
    case proc_lib:initial_call(Pid) of
        {M, F, Args} when is_list(Args) -> {M, F, length(Args)};
        _ -> undefined
    end;
initial_call(_, {M, F, A}) ->
    {M, F, A}.

%% @doc A number that no other canary has.
-spec nonce() -> {non_neg_integer(), non_neg_integer()}.
nonce() ->
    <<High:64, Low:64>> = erlang:md5(term_to_binary({make_ref(), erlang:system_time(), os:getpid(), node()})),
    {High, Low}.

%% @doc Emits an event that nobody else can have emitted: if it is in the trace, the trace records.
-spec canary({non_neg_integer(), non_neg_integer()}) -> ok | {error, no_slot}.
canary({High, Low}) ->
    beamtap_nif:emit_canary(High, Low).
