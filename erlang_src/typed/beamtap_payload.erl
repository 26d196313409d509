%% @doc What a tap may record of what events carry: arguments, return values, messages, exit reasons. Pure.
%%
%% The default is `none': nothing of it leaves the VM. `size' records how large a term is, `{text, Bytes}' the term as text
%% of at most so many bytes.
-module(beamtap_payload).

-export([check/1, none/0, is_none/1, has_arguments/1, longest/1, native/1]).
-export_type([option/0, checked/0, amount/0]).

-type amount() :: none | size | {text, Bytes :: 16..4096}.
-type kind() :: arguments | return_values | messages | exit_reasons.
%% One amount for everything, or one for each kind; a kind left out is none. What exceptions carry goes with
%% `return_values'.
-type option() :: amount() | #{kind() => amount()}.
-type checked() :: #{
    arguments := amount(), return_values := amount(), messages := amount(), exit_reasons := amount()
}.

%% Fewer bytes show nothing. More take too much of the traced process's time, and a page must hold the event.
-define(MIN_BYTES, 16).
-define(MAX_BYTES, 4096).
-define(KINDS, [arguments, return_values, messages, exit_reasons]).

%% @doc Nothing of anything.
-spec none() -> checked().
none() -> maps:from_keys(?KINDS, none).

%% @doc Checks what the user gave.
-spec check(term()) -> {ok, checked()} | error.
check(Kinds) when is_map(Kinds) ->
    case maps:keys(Kinds) -- ?KINDS of
        [] -> complete(maps:merge(none(), Kinds));
        [_ | _] -> error
    end;
check([{Kind, _} | _] = Kinds) when is_atom(Kind) ->
    try maps:from_list(Kinds) of
        Map -> check(Map)
    catch
        error:badarg -> error
    end;
check(Amount) ->
    complete(maps:from_keys(?KINDS, Amount)).

complete(Kinds) ->
    case lists:all(fun is_amount/1, maps:values(Kinds)) of
        true -> {ok, Kinds};
        false -> error
    end.

is_amount(none) -> true;
is_amount(size) -> true;
is_amount({text, Bytes}) -> is_integer(Bytes) andalso Bytes >= ?MIN_BYTES andalso Bytes =< ?MAX_BYTES;
is_amount(_) -> false.

%% @doc Whether nothing at all is asked for.
-spec is_none(checked()) -> boolean().
is_none(Checked) -> Checked =:= none().

%% @doc Whether the VM has to hand over arguments.
-spec has_arguments(checked()) -> boolean().
has_arguments(#{arguments := Amount}) -> Amount =/= none.

%% @doc The bytes of the longest text.
-spec longest(checked()) -> non_neg_integer().
longest(Checked) ->
    lists:max([0 | [Bytes || {text, Bytes} <- maps:values(Checked)]]).

%% @doc As the NIF takes it.
-spec native(checked()) -> {amount(), amount(), amount(), amount()}.
native(Checked) ->
    list_to_tuple([maps:get(Kind, Checked) || Kind <- ?KINDS]).
