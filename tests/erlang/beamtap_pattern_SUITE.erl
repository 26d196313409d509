%% Function patterns as text: what is read, where it stops making sense, and the laws.
-module(beamtap_pattern_SUITE).

-export([all/0, suite/0]).
-export([reads/1, positions/1, any_text/1, print_parse/1]).

suite() -> [{timetrap, {minutes, 2}}].

all() -> [reads, positions, any_text, print_parse].

reads(_) ->
    Expected = [
        {"lists:seq/2", <<"lists">>, <<"seq">>, 2, []},
        {"  lists:seq/2  ", <<"lists">>, <<"seq">>, 2, []},
        {"fun lists:seq/2", <<"lists">>, <<"seq">>, 2, []},
        {":lists.seq/2", <<"lists">>, <<"seq">>, 2, []},
        {"lists:seq", <<"lists">>, <<"seq">>, '_', []},
        {"lists:_/_", <<"lists">>, '_', '_', []},
        {"lists:_/2", <<"lists">>, '_', 2, []},
        {"lists", <<"lists">>, '_', '_', []},
        {"_:_/_", '_', '_', '_', []},
        {"*", '_', '_', '_', []},
        {"_:init/1", '_', <<"init">>, 1, []},
        {"lists:seq/2 -> return", <<"lists">>, <<"seq">>, 2, [return]},
        {"lists:seq/2->exception", <<"lists">>, <<"seq">>, 2, [exception]},
        {"lists:seq/2 -> return, exception", <<"lists">>, <<"seq">>, 2, [exception, return]},
        {"lists:seq/2 -> exception -> return", <<"lists">>, <<"seq">>, 2, [exception, return]},
        {"'my mod':'it\\'s'/0", <<"my mod">>, <<"it's">>, 0, []},
        {"erlang:'\\x{2b}'/2", <<"erlang">>, <<"+">>, 2, []},
        {"Enum.map/2", <<"Elixir.Enum">>, <<"map">>, 2, []},
        {"&Enum.map/2", <<"Elixir.Enum">>, <<"map">>, 2, []},
        {"Elixir.Enum.map/2", <<"Elixir.Enum">>, <<"map">>, 2, []},
        {"MyApp.Repo.*", <<"Elixir.MyApp.Repo">>, '_', '_', []},
        {"MyApp.Repo", <<"Elixir.MyApp.Repo">>, '_', '_', []},
        {"MyApp.Repo.get!/2 -> return", <<"Elixir.MyApp.Repo">>, <<"get!">>, 2, [return]},
        {"Foo.ok?", <<"Elixir.Foo">>, <<"ok?">>, '_', []},
        {"Foo.__struct__/0", <<"Elixir.Foo">>, <<"__struct__">>, 0, []},
        {"Foo._/1", <<"Elixir.Foo">>, '_', 1, []},
        {"Kernel.+/2", <<"Elixir.Kernel">>, <<"+">>, 2, []},
        {"Kernel.//2", <<"Elixir.Kernel">>, <<"/">>, 2, []},
        {"Kernel.<=/2", <<"Elixir.Kernel">>, <<"<=">>, 2, []},
        {"Kernel.\"*\"/2", <<"Elixir.Kernel">>, <<"*">>, 2, []},
        {"Kernel.*", <<"Elixir.Kernel">>, '_', '_', []},
        {<<"Enum.map/2">>, <<"Elixir.Enum">>, <<"map">>, 2, []}
    ],
    lists:foreach(
        fun({Text, M, F, A, Actions}) ->
            {Text, {ok, #{what := {M, F, A}, actions := Actions}}} = {Text, beamtap_pattern:parse(Text)}
        end,
        Expected
    ).

positions(_) ->
    Expected = [
        {"", 1},
        {"   ", 4},
        {"lists:seq/x", 11},
        {"lists:seq/256", 11},
        {"lists:seq/", 11},
        {"lists.seq/2", 6},
        {"Enum:map/2", 5},
        {"lists/2", 6},
        {"lists:", 7},
        {"Enum.", 6},
        {"lists:Seq/2", 7},
        {"lists:_foo/1", 8},
        {"_x:y/1", 2},
        {"lists:seq/2 x", 13},
        {"lists:seq/2 ->", 15},
        {"lists:seq/2 -> maybe", 16},
        {"lists:seq/2 -> return exception", 23},
        {"'abc", 1},
        {"lists:'a\\q'/1", 9},
        {"lists:'\\x{110000}'/1", 8},
        {[$a | lists:duplicate(255, $b)], 1},
        {<<"a:", 255>>, 3}
    ],
    lists:foreach(
        fun({Text, Position}) ->
            {error, Reason} = beamtap_pattern:parse(Text),
            {Text, bad_pattern, Position} = {Text, maps:get(reason, Reason), maps:get(position, Reason)},
            true = is_binary(maps:get(message, Reason)) andalso maps:get(message, Reason) =/= <<>>
        end,
        Expected
    ).

%% Any string gives a pattern or a positioned error: never an exception, never a new atom.
any_text(_) ->
    %% Loading the modules that are needed makes atoms.
    {error, _} = beamtap_spec:check("lists:seq/x"),
    {ok, _} = beamtap_spec:check("lists:seq/2"),
    {error, _} = beamtap_spec:check({1, 2}),
    quickcheck(fun() ->
        proper:forall(any_input(), fun(Text) ->
            Before = erlang:system_info(atom_count),
            Answer = beamtap_pattern:parse(Text),
            Checked = beamtap_spec:check(Text),
            After = erlang:system_info(atom_count),
            IsGood =
                case {Answer, Checked} of
                    {{ok, #{what := {_, _, _}}}, {ok, _}} -> true;
                    {{error, #{position := P}}, {error, _}} -> is_integer(P) andalso P >= 1 andalso P =< size_of(Text) + 1
                end,
            IsGood andalso Before =:= After
        end)
    end).

size_of(Text) when is_binary(Text) -> byte_size(Text);
size_of(Text) -> length(Text).

print_parse(_) ->
    quickcheck(fun() ->
        proper:forall(pattern(), fun(Pattern) ->
            {ok, Pattern} =:= beamtap_pattern:parse(beamtap_pattern:print(Pattern))
        end)
    end).

%%% Generators: functions of PropEr, called without its header, so that the suite compiles where it is missing.

any_input() ->
    Likely = proper_types:oneof([
        proper_types:elements([
            "lists", ":", "/", "seq", "2", "_", "*", ".", "Enum", "->", " ", "return", "exception", ",", "'", "\"",
            "\\", "\\x{", "}", "&", "fun ", "+", "<=", "256", "!", "?"
        ]),
        proper_types:list(proper_types:integer(1, 16#D7FF))
    ]),
    Texts = map(proper_types:list(Likely), fun lists:append/1),
    proper_types:oneof([non_empty(Texts), proper_types:binary(), map(Texts, fun unicode:characters_to_binary/1)]).

%% A spec that is the empty list names nothing; as a text it is an error as well, only another one.
non_empty(Texts) ->
    map(Texts, fun
        ([]) -> " ";
        (Text) -> Text
    end).

pattern() ->
    Wild = proper_types:exactly('_'),
    Module = proper_types:oneof([Wild, name(), map(elixir_alias(), fun(A) -> <<"Elixir.", A/binary>> end)]),
    Function = proper_types:oneof([Wild, name()]),
    Arity = proper_types:oneof([Wild, proper_types:integer(0, 255)]),
    Actions = proper_types:elements([[], [return], [exception], [exception, return]]),
    map(
        proper_types:tuple([Module, Function, Arity, Actions]),
        fun({M, F, A, Do}) -> #{what => {M, F, A}, actions => Do} end
    ).

elixir_alias() ->
    Segment = proper_types:elements(["Enum", "MyApp", "Repo_2", "A", "Elixir"]),
    map(proper_types:list(Segment), fun
        ([]) -> <<"Foo">>;
        (Segments) -> unicode:characters_to_binary(lists:join(".", Segments))
    end).

%% Any name but the quoted wildcard, which is the wildcard.
name() ->
    Chars = proper_types:oneof([
        proper_types:elements(["seq", "get!", "ok?", "it's", "a b", "__info__", "_", "Upper", "*", "\\", "fun"]),
        proper_types:list(proper_types:integer(1, 16#D7FF))
    ]),
    map(Chars, fun
        ("_") -> <<"x">>;
        (Text) -> unicode:characters_to_binary(Text)
    end).

map(Type, Fun) ->
    proper_types:bind(Type, fun(Value) -> proper_types:exactly(Fun(Value)) end, false).

quickcheck(Property) ->
    case code:ensure_loaded(proper) of
        {module, proper} ->
            case proper:quickcheck(Property(), [{numtests, 2000}, {on_output, fun(Format, Arguments) -> ct:log(Format, Arguments) end}]) of
                true -> ok;
                Failed -> ct:fail({Failed, proper:counterexample()})
            end;
        {error, _} ->
            {skip, "PropEr is not installed (Debian: erlang-proper)"}
    end.

