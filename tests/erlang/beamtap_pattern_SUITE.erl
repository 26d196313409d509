%% Function patterns as text: what is read, where it stops making sense, and the laws.
-module(beamtap_pattern_SUITE).

-export([all/0, suite/0]).
-export([reads/1, arguments/1, positions/1, any_text/1, print_parse/1, match_specs/1, returns_with_exceptions/1, refused_match_specs/1, overlaps/1]).

suite() -> [{timetrap, {minutes, 2}}].

all() -> [reads, arguments, positions, any_text, print_parse, match_specs, returns_with_exceptions, refused_match_specs, overlaps].

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
        {"lists:seq/2 -> return!", <<"lists">>, <<"seq">>, 2, ['return!']},
        {"lists:seq/2 -> return!, exception", <<"lists">>, <<"seq">>, 2, [exception, 'return!']},
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
        {"MyApp.**", {below, <<"Elixir.MyApp">>}, '_', '_', []},
        {"MyApp.Repo.** -> return", {below, <<"Elixir.MyApp.Repo">>}, '_', '_', [return]},
        {"MyApp.**->return", {below, <<"Elixir.MyApp">>}, '_', '_', [return]},
        {"MyApp.**.init/1", {below, <<"Elixir.MyApp">>}, <<"init">>, 1, []},
        {"MyApp.**.*/1", {below, <<"Elixir.MyApp">>}, '_', 1, []},
        {"Kernel.**/2", <<"Elixir.Kernel">>, <<"**">>, 2, []},
        {"Kernel.\"**\"", <<"Elixir.Kernel">>, <<"**">>, '_', []},
        {<<"Enum.map/2">>, <<"Elixir.Enum">>, <<"map">>, 2, []}
    ],
    lists:foreach(
        fun({Text, M, F, A, Actions}) ->
            {Text, {ok, #{what := {M, F, A}, actions := Actions}}} = {Text, beamtap_pattern:parse(Text)}
        end,
        Expected
    ).

%% Arguments and guards, and how they are written again.
arguments(_) ->
    Expected = [
        {"lists:seq(A, B) when B > 1000 -> return", "lists:seq(A, B) when B > 1000 -> return"},
        {"lists:seq(From, To) when To > 1000, From =/= 1", "lists:seq(A, B) when (B > 1000) andalso (A =/= 1)"},
        {"lists:seq(_, _)", "lists:seq/2"},
        {"lists:seq(1, B) -> return!", "lists:seq(1, A) -> return!"},
        {"lists:seq()", "lists:seq/0"},
        {"lists:seq(X, X)", "lists:seq(A, A)"},
        {"m:f(A) when A < 1; A > 3, A =< 5", "m:f(A) when A < 1; (A > 3) andalso (A =< 5)"},
        {"m:f({ok, X}, [H | T], #{k := V}, <<\"b\">>, \"s\")", "m:f({ok, A}, [B | C], #{k := D}, <<\"b\">>, \"s\")"},
        {"m:f(-1, 2.5, 16#FF, $a, 'A b')", "m:f(-1, 2.5, 255, 97, 'A b')"},
        {"m:f(A) when A + 1 * 2 =:= 7", "m:f(A) when (A + (1 * 2)) =:= 7"},
        {"m:f(A) when (A + 1) * 2 =:= -A", "m:f(A) when ((A + 1) * 2) =:= (-(A))"},
        {"m:f(A) when not is_atom(A) andalso A rem 2 =:= 0", "m:f(A) when (not (is_atom(A))) andalso ((A rem 2) =:= 0)"},
        {"_:init(A) when is_list(A)", "_:init(A) when is_list(A)"},
        {"Enum.map(_, f) when is_function(f)", "Enum.map(_, a) when is_function(a)"},
        {"Repo.get(User, id) when id > 3 and not is_nil(id) -> return", "Repo.get(User, a) when (a > 3) and (not (a === nil)) -> return"},
        {"M.f(%User{id: id}, :ok, nil, \"b\", 'c')", "M.f(%{:\"__struct__\" => User, :id => a}, :ok, nil, \"b\", 'c')"},
        {"M.f(a, b) when a != b when elem(a, 0) === rem(b, 2)", "M.f(a, b) when a != b when element(1, a) === rem(b, 2)"},
        {"&Kernel.+(a, b) when a > b", "Kernel.\"+\"(a, b) when a > b"}
    ],
    lists:foreach(
        fun({Text, Printed}) ->
            {ok, Pattern} = beamtap_pattern:parse(Text),
            Written = list_to_binary(Printed),
            {Text, Written} = {Text, beamtap_pattern:print(Pattern)},
            {Text, {ok, Pattern}} = {Text, beamtap_pattern:parse(Printed)}
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
        {"lists:seq/2 when A > 1", 13},
        {"lists:seq(A, B) when C > 1", 22},
        {"lists:seq(A, B) when A > _", 26},
        {"lists:seq(A, B) when A >", 25},
        {"lists:seq(A, B) when foo(A)", 22},
        {"lists:seq(A, B) when A => 3", 24},
        {"lists:seq(A B)", 13},
        {"lists:seq(A, B", 15},
        {"lists:seq(hd(A), B)", 11},
        {"lists:seq('$1', B)", 11},
        {"lists:seq(#{A := 1}, B)", 13},
        {"lists(A)", 6},
        {"Enum.map(a, f) when f.x", 22},
        {"m:f(<<256>>)", 7},
        {"'abc", 1},
        {"lists:'a\\q'/1", 9},
        {"lists:'\\x{110000}'/1", 8},
        {[$a | lists:duplicate(255, $b)], 1},
        {<<"a:", 255>>, 3}
    ],
    lists:foreach(
        fun({Text, Position}) ->
            {error, Reason} = beamtap_wording:word(beamtap_pattern:parse(Text), erlang),
            {Text, bad_pattern, Position} = {Text, maps:get(reason, Reason), maps:get(position, Reason)},
            true = is_binary(maps:get(message, Reason)) andalso maps:get(message, Reason) =/= <<>>
        end,
        Expected
    ).

%% Any string gives a pattern or a positioned error: never an exception, never a new atom.
any_text(_) ->
    %% Loading the modules that are needed makes atoms.
    {error, #{message := _}} = beamtap_wording:word(beamtap_spec:check("lists:seq/x"), erlang),
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
                    {{error, #{position := P}} = Refused, {error, _}} ->
                        {error, #{message := Said}} = beamtap_wording:word(Refused, erlang),
                        is_binary(Said) andalso is_integer(P) andalso P >= 1 andalso P =< size_of(Text) + 1
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

%%% Match specifications

%% What a text means, tried on calls.
match_specs(_) ->
    Expected = [
        {"lists:seq(A, B) when B > 1000", [1, 1001], [1, 1000]},
        {"lists:seq(1, _)", [1, 2], [2, 2]},
        {"lists:seq(A, A)", [2, 2], [2, 3]},
        {"lists:seq(A, B) when A > 5; B > 5", [0, 6], [0, 5]},
        {"lists:member({ok, X}, [X | _])", [{ok, 1}, [1, 2]], [{ok, 1}, [2]]},
        {"lists:member(A, _) when element(1, A) =:= ok", [{ok}, []], [{error}, []]},
        {"lists:member(A, _) when is_boolean(A)", [true, []], [truth, []]},
        {"lists:member(A, _) when tuple_size(A) =:= 2", [{1, 2}, []], [{1}, []]},
        {"lists:member(A, _) when A =:= {1, \"ab\", [2]}", [{1, "ab", [2]}, []], [{1, "ab", 2}, []]},
        {"lists:member(#{k := V}, V)", [#{k => 1}, 1], [#{k => 1}, 2]},
        {":lists.member(a, b) when is_list(b) and a != nil", [1, []], [nil, []]}
    ],
    lists:foreach(
        fun({Text, Fits, FitsNot}) ->
            {ok, Pattern} = beamtap_pattern:parse(Text),
            {ok, Clauses} = beamtap_match:clauses(Pattern),
            {Text, {ok, true, [], []}} = {Text, erlang:match_spec_test(Fits, Clauses, trace)},
            {Text, {ok, false, [], []}} = {Text, erlang:match_spec_test(FitsNot, Clauses, trace)}
        end,
        Expected
    ),
    Before = erlang:system_info(atom_count),
    {ok, Unknown} = beamtap_pattern:parse("lists:seq(no_such_atom_anywhere_here, _)"),
    {error, #{reason := no_atom}} = beamtap_match:clauses(Unknown),
    Before = erlang:system_info(atom_count).

%% Whoever asks for returns is told of exceptions, too: else a call that one leaves has no end.
returns_with_exceptions(_) ->
    Clauses = fun(Function) ->
        {ok, #{functions := [Pattern]}} = beamtap_spec:check(Function),
        {ok, Clauses} = beamtap_match:clauses(Pattern),
        Clauses
    end,
    Both = [{'_', [], [{exception_trace}]}],
    [
        Both = Clauses(Function)
     || Function <- [
            "lists:seq/2 -> return",
            "lists:seq/2 -> exception",
            "lists:seq/2 -> return, exception",
            {{lists, seq, 2}, return},
            {{lists, seq, 2}, [{'_', [], [{return_trace}]}]}
        ]
    ],
    [{'_', [], []}] = Clauses("lists:seq/2"),
    [{[1, '_'], [], [{message, {caller}}, {exception_trace}]}] =
        Clauses({{lists, seq, 2}, [{[1, '_'], [], [{message, {caller}}, {return_trace}]}]}).

refused_match_specs(_) ->
    {ok, #{functions := [#{match_spec := [_]}]}} = beamtap_spec:check({{lists, seq, 2}, [{['_', 3], [], [{return_trace}]}]}),
    lists:foreach(
        fun({MatchSpec, Reason}) ->
            {error, #{reason := Found, message := Said}} = beamtap_wording:word(beamtap_spec:check({{lists, seq, 2}, MatchSpec}), erlang),
            {MatchSpec, Reason} = {MatchSpec, Found},
            nomatch = binary:match(Said, <<"\n">>)
        end,
        [
            {[{['_', '_'], [{no_such_guard, 1}], []}], bad_match_spec},
            {[{['_', '_'], [], [{silent, true}]}], bad_match_spec},
            {[{['_', '_'], [], [{message, {process_dump}}]}], bad_match_spec},
            {[{['_', '_'], []}], bad_match_spec},
            {[{a} | b], bad_match_spec}
        ]
    ),
    {error, #{reason := bad_function}} = beamtap_spec:check({"lists:seq(1, _)", [{'_', [], []}]}).

%% A function that several patterns name does what each of them asks for.
overlaps(_) ->
    Any = fun(Body) -> {'_', [], Body} end,
    One = {[1], [], []},
    [
        {{m, '_', '_'}, true},
        {{m, f, '_'}, [{'_', [], [{exception_trace}]}]},
        {{m, f, 1}, [{'_', [], [{message, {caller}}, {exception_trace}]}]},
        {{n, f, 1}, [One]}
    ] = beamtap_match:overlay([
        {{m, f, 1}, [Any([{message, {caller}}, {exception_trace}])]},
        {{n, f, 1}, [One]},
        {{m, f, '_'}, [Any([{exception_trace}])]},
        {{m, '_', '_'}, [Any([])]}
    ]),
    [{{m, '_', '_'}, _}, {{m, f, '_'}, _}, {{m, f, 1}, _}] =
        beamtap_match:overlay([{{m, f, 1}, [One]}, {{m, f, '_'}, [One]}, {{m, '_', '_'}, [One]}]),
    %% A function without returns keeps its calls and what else is done at them, unless somebody insists.
    Ends = Any([{exception_trace}]),
    [{{m, '_', '_'}, [Ends]}, {{m, f, 1}, true}] = beamtap_match:overlay([{{m, '_', '_'}, [Ends]}, {{m, f, 1}, no_return}]),
    [{{m, f, 1}, [{[1], [], [{message, {caller}}]}]}] =
        beamtap_match:overlay([{{m, f, 1}, [{[1], [], [{message, {caller}}, {return_trace}]}]}, {{m, f, 1}, no_return}]),
    [{{m, '_', '_'}, [Ends]}, {{m, f, 1}, [Ends]}] =
        beamtap_match:overlay([{{m, '_', '_'}, [Ends]}, {{m, f, 1}, no_return}, {{m, f, 1}, [{forced, Ends}]}]),
    %% What a narrow pattern leaves open is the wider one's again.
    Wide = {{m, '_', '_'}, true},
    {[{m, f, 1}], [Wide]} = beamtap_match:change([Wide, {{m, f, 1}, false}], [Wide]),
    {[{m, f, 1}], []} = beamtap_match:change([{{n, '_', '_'}, true}, {{m, f, 1}, true}], [{{n, '_', '_'}, true}]).

%%% Generators: functions of PropEr, called without its header, so that the suite compiles where it is missing.

any_input() ->
    Likely = proper_types:oneof([
        proper_types:elements([
            "lists", ":", "/", "seq", "2", "_", "*", ".", "Enum", "->", " ", "return", "exception", ",", "'", "\"",
            "\\", "\\x{", "}", "&", "fun ", "+", "<=", "256", "!", "?", "(", ")", "[", "]", "{", "|", "A", "b", "when ",
            "is_atom", "andalso ", "#{", "%{", ":=", "=>", "<<", ">>", "16#F", "1.5", "lists:seq(A, B) when ",
            "Enum.map(a, b) when ", "not ", ";", "-", "$", "=:="
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
    Alias = map(elixir_alias(), fun(A) -> <<"Elixir.", A/binary>> end),
    Module = proper_types:oneof([Wild, name(), Alias, map(Alias, fun(A) -> {below, A} end)]),
    Function = proper_types:oneof([Wild, name()]),
    Arity = proper_types:oneof([Wild, proper_types:integer(0, 255)]),
    Actions = proper_types:elements([[], [return], [exception], [exception, return]]),
    proper_types:oneof([
        map(
            proper_types:tuple([Module, Function, Arity, Actions]),
            fun({M, F, A, Do}) -> #{what => {M, F, A}, actions => Do} end
        ),
        map(
            proper_types:tuple([Module, Function, few(argument(2)), few(condition(2)), Actions]),
            fun({M, F, Arguments, Guard, Do}) -> guarded(M, F, Arguments, Guard, Do) end
        )
    ]).

few(Type) -> proper_types:resize(6, proper_types:list(Type)).

%% Variables are numbered as they come; a guard speaks only of those.
guarded(M, F, Arguments, Guard, Do) ->
    {Named, Guards} = beamtap_expression:number(Arguments, []),
    Count = length(lists:usort(variables(Named))),
    Bound = [bound(G, Count) || G <- Guard, Guards =:= []],
    Pattern = #{what => {M, F, length(Arguments)}, actions => Do},
    case {lists:all(fun(A) -> A =:= '_' end, Named), Bound} of
        {true, []} -> Pattern;
        _ -> Pattern#{head => #{arguments => Named, guard => Bound}}
    end.

variables({var, N}) -> [N];
variables(T) when is_tuple(T) -> variables(tuple_to_list(T));
variables([H | T]) -> variables(H) ++ variables(T);
variables(_) -> [].

bound({var, N, _}, Count) when Count > 0 -> {var, (N rem Count) + 1};
bound({var, _, _}, _) -> {value, 1};
bound({tuple, Es}, Count) -> {tuple, [bound(E, Count) || E <- Es]};
bound({list, Es, none}, Count) -> {list, [bound(E, Count) || E <- Es], none};
bound({apply, Op, As}, Count) -> {apply, Op, [bound(A, Count) || A <- As]};
bound(Other, _) -> Other.

literal() ->
    proper_types:oneof([
        map(proper_types:oneof([proper_types:integer(), proper_types:float()]), fun(N) -> {value, N} end),
        map(proper_types:binary(), fun(B) -> {value, B} end),
        map(proper_types:non_empty(proper_types:list(proper_types:integer(1, 16#D7FF))), fun(T) -> {string, T} end),
        map(name(), fun(N) -> {atom, atom_name(N)} end),
        {var, proper_types:integer(1, 9), 1}
    ]).

%% Atoms that a match specification reads otherwise cannot be written, and nil is Elixir's.
atom_name(<<"$", _/binary>>) -> <<"dollar">>;
atom_name(Name) -> Name.

argument(0) ->
    proper_types:oneof([proper_types:exactly('_'), literal()]);
argument(Depth) ->
    Inner = proper_types:lazy(fun() -> argument(Depth - 1) end),
    proper_types:frequency([
        {4, argument(0)},
        {1, {tuple, few(Inner)}},
        {1, {list, few(Inner), proper_types:exactly(none)}},
        {1, {list, proper_types:non_empty(few(Inner)), argument(0)}},
        {1, {map, few({map(name(), fun(N) -> {atom, atom_name(N)} end), Inner})}}
    ]).

condition(0) ->
    literal();
condition(Depth) ->
    Inner = proper_types:lazy(fun() -> condition(Depth - 1) end),
    Two = proper_types:elements(['=:=', '/=', '=<', '<', '+', '-', '*', '/', 'andalso', 'orelse', 'rem', element, map_get]),
    One = proper_types:elements(['not', '-', is_atom, hd, tuple_size]),
    proper_types:frequency([
        {3, condition(0)},
        {1, {tuple, few(Inner)}},
        {1, {list, few(Inner), proper_types:exactly(none)}},
        {3, {apply, Two, proper_types:vector(2, Inner)}},
        {2, {apply, One, proper_types:vector(1, Inner)}}
    ]).

elixir_alias() ->
    Segment = proper_types:elements(["Enum", "MyApp", "Repo_2", "A", "Elixir"]),
    map(proper_types:list(Segment), fun
        ([]) -> <<"Foo">>;
        %% An atom has 255 characters at most.
        (Segments) -> unicode:characters_to_binary(lists:join(".", lists:sublist(Segments, 30)))
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
            beamtap_skip:missing("erlang-proper")
    end.

