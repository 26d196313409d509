%% @private
%% Writes names of modules, functions and atoms as Erlang and Elixir do. Makes no atoms.
-module(beamtap_name).

-export([print_erlang/1, print_elixir/1, print_atom/2, print_quoted/2, elixir_alias/1, text/1, existing/1, is_part/1]).
-export_type([name/0]).

%% A name from a text stays text until it is known that there is such an atom.
-type name() :: atom() | binary().

-define(IS_UPPER(C), (C >= $A andalso C =< $Z)).
-define(IS_DIGIT(C), (C >= $0 andalso C =< $9)).

%% @doc A character that can stand in any name without quotes.
-spec is_part(char()) -> boolean().
is_part(C) -> (C >= $a andalso C =< $z) orelse ?IS_UPPER(C) orelse ?IS_DIGIT(C) orelse C =:= $_.

%% @doc The alias of a module whose name is one.
-spec elixir_alias(name() | '_') -> {ok, string()} | none.
elixir_alias('_') ->
    none;
elixir_alias(Module) ->
    case text(Module) of
        "Elixir.Elixir" ++ _ -> none;
        "Elixir." ++ Alias -> alias_or_none(Alias);
        _ -> none
    end.

alias_or_none(Alias) ->
    IsSegment = fun
        ([C | Rest]) when ?IS_UPPER(C) -> lists:all(fun is_part/1, Rest);
        (_) -> false
    end,
    case lists:all(IsSegment, string:split(Alias, ".", all)) of
        true -> {ok, Alias};
        false -> none
    end.

-spec print_erlang(name() | '_') -> iodata() | string().
print_erlang('_') ->
    "_";
print_erlang(Name) ->
    case text(Name) of
        [C | Rest] = Bare when C >= $a, C =< $z ->
            case lists:all(fun is_part/1, Rest) of
                true -> Bare;
                false -> print_quoted(Bare, $')
            end;
        Other ->
            print_quoted(Other, $')
    end.

-spec print_elixir(name() | '_') -> iodata() | string().
print_elixir('_') ->
    "*";
print_elixir(Name) ->
    case text(Name) of
        [C | Rest] = Bare when (C >= $a andalso C =< $z); C =:= $_, Rest =/= [] ->
            {Body, Last} = lists:split(length(Rest) - min(1, length(Rest)), Rest),
            IsMark = Last =:= "?" orelse Last =:= "!",
            case lists:all(fun is_part/1, Body) andalso (IsMark orelse lists:all(fun is_part/1, Last)) of
                true -> Bare;
                false -> print_quoted(Bare, $")
            end;
        Other ->
            print_quoted(Other, $")
    end.

%% @doc An atom as a value.
-spec print_atom(erlang | elixir, name()) -> iodata() | string().
print_atom(erlang, Name) ->
    print_erlang(Name);
print_atom(elixir, Name) ->
    case elixir_alias(Name) of
        {ok, Alias} ->
            Alias;
        none ->
            case text(Name) of
                [C | Rest] = Bare when C >= $a, C =< $z ->
                    case lists:all(fun is_part/1, Rest) of
                        true -> [$:, Bare];
                        false -> [$:, print_quoted(Bare, $")]
                    end;
                Other ->
                    [$:, print_quoted(Other, $")]
            end
    end.

-spec print_quoted(string(), char()) -> iolist().
print_quoted(Text, Quote) ->
    [Quote, [print_char(C, Quote) || C <- Text], Quote].

print_char(C, Quote) when C =:= $\\; C =:= Quote -> [$\\, C];
print_char(C, _) when C < $\s; C >= 16#7F, C < 16#A0 -> io_lib:format("\\x{~.16B}", [C]);
print_char(C, _) -> C.

-spec text(name()) -> string().
text(Name) when is_atom(Name) -> atom_to_list(Name);
text(Name) -> unicode:characters_to_list(Name).

%% @doc The atom of this name, if there is one.
-spec existing(name()) -> {ok, atom()} | none.
existing(Name) when is_atom(Name) ->
    {ok, Name};
existing(Name) ->
    try
        {ok, binary_to_existing_atom(Name)}
    catch
        error:_ -> none
    end.
