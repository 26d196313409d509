%% What leaves the VM of what events carry: nothing unless asked for, and then no more than asked for. And what the
%% application says itself.
-module(beamtap_payload_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([nothing_by_default/1, texts/1, generic_servers/1, texts_are_bounded/1, hostile_terms/1, sizes/1, one_kind_only/1, bad_payloads/1]).
-export([marks/1, spans/1, nobody_records/1]).
%% Traced
-export([work/2, echo/1, fail/1]).
%% The server whose messages are recorded
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [
        nothing_by_default,
        texts,
        generic_servers,
        texts_are_bounded,
        hostile_terms,
        sizes,
        one_kind_only,
        bad_payloads,
        marks,
        spans,
        nobody_records
    ].

init_per_suite(Config) -> beamtap_sessiond:begin_suite(Config).

end_per_suite(Config) -> beamtap_sessiond:end_suite(Config).

init_per_testcase(_, Config) -> beamtap_sessiond:begin_case(Config).

end_per_testcase(_, Config) -> beamtap_sessiond:end_case(Config).

-define(ALL, [{?MODULE, '_', '_'}, return, exception, send, 'receive', procs]).

%%% Payloads

nothing_by_default(Config) ->
    Path = record(?ALL, #{}, fun() -> {hidden_treasure, <<"hidden_treasure">>, "hidden_treasure"} end, ?FUNCTION_NAME, Config),
    [] = beamtap_world:events(Path, [payload_text, payload_size]),
    %% The value is nowhere in the files, the atom neither: definitions name what events name.
    "" = os:cmd("grep -rl hidden_treasure '" ++ Path ++ "'").

texts(Config) ->
    Path = record(?ALL, #{payload => {text, 200}}, fun() -> {a, [1, 2], #{k => "text"}, <<"bin">>} end, ?FUNCTION_NAME, Config),
    Term = "{a,[1,2],#{k=>\"text\"},<<\"bin\">>}",
    Said = said(Path),
    %% Each right behind the event it belongs to.
    [] = [
        {call, 0, "(" ++ Term ++ ",10)"},
        {return_from, 1, "{" ++ Term ++ ",10}"},
        {exception_from, 2, "{oops," ++ Term ++ "}"},
        {send, 3, "{echoed," ++ Term ++ "}"},
        {'receive', 3, "{do," ++ pid_to_list(self()) ++ "," ++ Term ++ "}"},
        {exit, 4, "{done," ++ Term ++ "}"}
    ] -- Said,
    false = lists:any(fun({_, _, Text}) -> lists:suffix("…", Text) end, Said).

%% The request and the answer, also where the tags alone would fill the text.
generic_servers(Config) ->
    Agent = spawn_link(fun() ->
        {ok, _} = gen_server:start_link({local, ?FUNCTION_NAME}, ?MODULE, [], []),
        receive stop -> ok end
    end),
    beamtap_world:until(fun() -> whereis(?FUNCTION_NAME) =/= undefined end),
    Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
    {ok, Tap} = beamtap:start(#{
        classes => [send, 'receive'], targets => [self(), ?FUNCTION_NAME], payload => {text, 20}, output => Output, for => 60000
    }),
    {answered, 42} = gen_server:call(?FUNCTION_NAME, {price, 42}),
    %% To an alias, as with a time-out, and to the process.
    {answered, 43} = gen_server:call(?FUNCTION_NAME, {price, 43}, infinity),
    ok = gen_server:cast(?FUNCTION_NAME, {forget, all}),
    {answered, 44} = gen_server:call(?FUNCTION_NAME, {price, 44}),
    ?FUNCTION_NAME ! {not_of_a_server, 1, 2},
    {answered, 45} = gen_server:call(?FUNCTION_NAME, {price, 45}),
    {ok, _} = beamtap:stop(Tap),
    Said = [Text || {Event, _, Text} <- said(Output), Event =:= send orelse Event =:= 'receive'],
    [] = ["{price,42}", "{answered,42}", "{price,43}", "{answered,43}", "{forget,all}"] -- Said,
    %% What is none of these is as it was sent, cut or not.
    [_, _] = [Text || Text <- Said, lists:prefix("{not_of_a_server,", Text)],
    [] = [Text || Text <- Said, lists:prefix("{'$gen_", Text) orelse lists:prefix("{[alias", Text)],
    unlink(Agent),
    exit(Agent, kill).

%% Every text is at most as long as was said, is whole UTF-8, and says that it was cut.
texts_are_bounded(Config) ->
    Long = "ä" ++ lists:duplicate(400, $x),
    Work = fun(Pid) -> ask(Pid, {only_echo, Long}) end,
    Path = recorded([{?MODULE, echo, 1}], #{payload => {text, 16}}, Work, ?FUNCTION_NAME, Config),
    [{payload_text, Text}] = beamtap_world:events(Path, [payload_text]),
    %% 16 bytes: two around, two for the letter, ten more, three for the mark.
    #{is_truncated := 1, part := 0, text := "(\"äxxxxxxxxx…"} = Text,
    16 = byte_size(unicode:characters_to_binary(maps:get(text, Text))),
    {1, 1} = counted(<<"payload_text">>, Path).

%% Terms that take a careless reader minutes or all memory.
hostile_terms(Config) ->
    Deep = lists:foldl(fun(_, Term) -> [Term] end, bottom, lists:seq(1, 10000)),
    Map = maps:from_list([{N, <<N:8000>>} || N <- lists:seq(1, 2000)]),
    Terms = [
        binary:copy(<<1>>, 64 bsl 20),
        lists:duplicate(1000000, $a),
        lists:duplicate(1000000, []),
        Deep,
        Map,
        [a | b],
        <<5:3>>,
        1 bsl 100000,
        fun() -> Map end,
        make_ref(),
        list_to_atom([16#2603, 16#1F600]),
        -1,
        1.5,
        []
    ],
    lists:foreach(
        fun(Payload) ->
            Work = fun(Pid) -> [ask(Pid, {only_echo, Term}) || Term <- Terms] end,
            Path = recorded([{?MODULE, echo, 1}, return], #{payload => Payload}, Work, ?FUNCTION_NAME, Config),
            Said = [Fields || {_, Fields} <- beamtap_world:events(Path, [payload_text, payload_size])],
            %% Arguments and return value of each.
            true = length(Said) =:= 2 * length(Terms),
            true = lists:all(
                fun(#{text := Text}) -> byte_size(unicode:characters_to_binary(Text)) =< 4096;
                   (#{bytes := Bytes}) -> Bytes =< (64 bsl 20) + 64
                end,
                Said
            )
        end,
        [{text, 4096}, size]
    ).

sizes(Config) ->
    Terms = [{a, [1, 2, 3], {}}, lists:seq(1, 100), [{N, N} || N <- lists:seq(1, 50)], <<0:8000>>, lists:seq(1, 5000)],
    Work = fun(Pid) -> [ask(Pid, {only_echo, Term}) || Term <- Terms] end,
    Path = recorded([{?MODULE, echo, 1}, return], #{payload => #{return_values => size}}, Work, ?FUNCTION_NAME, Config),
    [] = beamtap_world:events(Path, [payload_text]),
    Sizes = [{Of, Bound, Bytes} || {_, #{part := Of, is_lower_bound := Bound, bytes := Bytes}} <- beamtap_world:events(Path, [payload_size])],
    Flat = fun(Term) -> erts_debug:flat_size(Term) * erlang:system_info(wordsize) end,
    [First, Second, Third, Binary, Last] = Sizes,
    {1, 0, FirstBytes} = First,
    %% The VM keeps one empty tuple for all since OTP 26.
    true = abs(FirstBytes - Flat(hd(Terms))) =< 8,
    {Second, Third} = {{1, 0, Flat(lists:seq(1, 100))}, {1, 0, Flat(lists:nth(3, Terms))}},
    {1, 0, 1016} = Binary,
    {1, 1, LastBytes} = Last,
    true = LastBytes < Flat(lists:seq(1, 5000)).

one_kind_only(Config) ->
    Path = record(?ALL, #{payload => [{messages, {text, 100}}]}, fun() -> treasure end, ?FUNCTION_NAME, Config),
    [3] = lists:usort([Of || {_, Of, _} <- said(Path)]),
    [] = beamtap_world:events(Path, [payload_size]).

bad_payloads(_) ->
    [
        {error, #{reason := bad_option, option := payload, value := Bad}} = beamtap:start(procs, #{payload => Bad})
     || Bad <- [all, {text, 15}, {text, 4097}, {text, a}, #{argument => size}, #{messages => 7}, [{messages, size} | x], "text"]
    ],
    {error, #{reason := bad_option}} = beamtap:start(procs, #{payload => {text, 4096}, subbuf_size => 4096}).

%%% Marks and spans

marks(Config) ->
    %% No empty text: babeltrace2 2.0 shows one as whatever text it read before.
    Texts = [<<"an \"ä\""/utf8>>, <<"ab", 255>>, ["a", [<<"b">>, $c], 16#2603], an_atom, {a, [term]}, lists:duplicate(5000, $m), [$a | <<"b">>]],
    Callers = [spawn_caller() || _ <- [1, 2]],
    Work = fun(_) -> [tell(Caller, fun() -> beamtap:mark(Text) end) || Text <- Texts, Caller <- Callers] end,
    Path = recorded(procs, #{}, Work, ?FUNCTION_NAME, Config),
    Marks = [{Pid, Cut, Text} || {_, #{pid := Pid, is_truncated := Cut, text := Text}} <- beamtap_world:events(Path, [mark])],
    Wire = [wire(Caller) || Caller <- Callers],
    Long = lists:duplicate(1021, $m) ++ "…",
    Wanted = [{Pid, cut(Text), Text} || Text <- ["an \"ä\"", "ab" ++ [16#FFFD], "abc☃", "an_atom", "{a,[term]}", Long, "ab"], Pid <- Wire],
    {[], []} = {Marks -- Wanted, Wanted -- Marks},
    Marks = Wanted,
    {14, 2} = counted(<<"mark">>, Path).

spans(Config) ->
    Caller = spawn_caller(),
    Outcomes = [
        fun() -> beamtap:span(outer, fun() -> {inner, beamtap:span("inner", fun() -> 17 end)} end) end,
        fun() -> beamtap:span(wrong, fun() -> error(badness) end) end,
        fun() -> beamtap:span(gone, fun() -> exit(leaving) end) end,
        fun() -> beamtap:span(<<"thrown">>, fun() -> throw(ball) end) end
    ],
    Test = self(),
    Work = fun(_) -> [Test ! {outcome, tell(Caller, Outcome)} || Outcome <- Outcomes] end,
    Path = recorded(procs, #{}, Work, ?FUNCTION_NAME, Config),
    [{ok, {inner, 17}}, {error, badness, [_ | _]}, {exit, leaving, _}, {throw, ball, _}] = [receive {outcome, O} -> O end || _ <- Outcomes],
    Events = beamtap_world:events(Path, [span_begin, span_end]),
    [
        {span_begin, #{name := "outer", span := Outer, is_truncated := 0}},
        {span_begin, #{name := "inner", span := Inner}},
        {span_end, #{span := Inner, outcome := 0}},
        {span_end, #{span := Outer, outcome := 0}},
        {span_begin, #{name := "wrong", span := Wrong}},
        {span_end, #{span := Wrong, outcome := 1}},
        {span_begin, #{name := "gone", span := Gone}},
        {span_end, #{span := Gone, outcome := 2}},
        {span_begin, #{name := "thrown", span := Thrown}},
        {span_end, #{span := Thrown, outcome := 3}}
    ] = Events,
    4 = length(lists:usort([Outer, Inner, Wrong, Gone, Thrown])) - 1,
    Pid = wire(Caller),
    [Pid] = lists:usort([P || {_, #{pid := P}} <- Events]).

%% Nothing is emitted, and the result is the function's.
nobody_records(_) ->
    Before = beamtap_nif:counters(),
    ok = beamtap:mark("to nobody"),
    17 = beamtap:span("for nobody", fun() -> 17 end),
    {'EXIT', {badness, [_ | _]}} = catch beamtap:span("for nobody", fun() -> error(badness) end),
    Before = beamtap_nif:counters().

%%% What is traced

work(Term, Number) -> {Term, Number}.

echo(Term) -> Term.

fail(Term) -> error({oops, Term}).

%% Does what it is told until it ends as told.
obey() ->
    receive
        {do, From, Term} ->
            _ = ?MODULE:work(Term, 10),
            catch ?MODULE:fail(Term),
            From ! {echoed, Term},
            exit({done, Term});
        {only_echo, From, Term} ->
            From ! {echoed, ?MODULE:echo(Term)},
            obey()
    end.

%%% Within

%% Records one process that does everything with a term that only it makes.
record(Spec, Opts, Make, Case, Config) ->
    Work = fun(Pid) ->
        Monitor = monitor(process, Pid),
        Pid ! {do, self(), Make()},
        receive {echoed, _} -> ok end,
        receive {'DOWN', Monitor, process, _, _} -> ok end
    end,
    recorded(Spec, Opts, Work, Case, Config).

recorded(Spec, Opts, Work, Case, Config) ->
    Pid = spawn(fun() -> obey() end),
    Output = beamtap_world:scratch(Case, Config),
    {Functions, Classes} = lists:partition(fun is_tuple/1, lists:flatten([Spec])),
    Asked = #{functions => Functions, classes => Classes, targets => [Pid]},
    {ok, Tap} = beamtap:start(Asked, Opts#{output => Output, for => 60000}),
    _ = Work(Pid),
    {ok, #{path := Path, events := Events, discarded := 0, lost := 0, problems := []}} = beamtap:stop(Tap),
    exit(Pid, kill),
    %% What was counted is there.
    Events = beamtap_world:recorded(Path),
    unicode:characters_to_list(Path).

ask(Pid, {only_echo, Term}) ->
    Pid ! {only_echo, self(), Term},
    receive
        {echoed, _} -> ok
    end.

%% Payloads as {Event, Of, Text}, each of which must stand right behind an event of its own process.
said(Path) ->
    Kinds = [call, return_from, exception_from, send, 'receive', exit],
    pair(beamtap_world:events(Path, [payload_text | Kinds])).

pair([{Kind, Of}, {payload_text, #{owner := Owner, part := What, text := Text}} | Rest]) ->
    Owner = owner(Kind, Of),
    [{Kind, What, Text} | pair(Rest)];
pair([{_, _} | Rest]) ->
    pair(Rest);
pair([]) ->
    [].

owner(send, #{from := From}) -> From;
owner('receive', #{to := To}) -> To;
owner(_, #{pid := Pid}) -> Pid.

%% Emitted and truncated between the recording's begin and end.
counted(Event, Path) ->
    [Begin, End] = [
        {Emitted, Cut}
     || Phase <- [0, 2],
        {_, #{event := Name, phase := P, emitted := Emitted, truncated := Cut}} <- beamtap_world:events(Path, [counters]),
        P =:= Phase,
        list_to_binary(Name) =:= Event
    ],
    {element(1, End) - element(1, Begin), element(2, End) - element(2, Begin)}.

cut(Text) ->
    case lists:suffix("…", Text) of
        true -> 1;
        false -> 0
    end.

wire(Pid) ->
    [_, Number, Serial] = string:lexemes(pid_to_list(Pid), "<.>"),
    list_to_integer(Serial) bsl 32 + list_to_integer(Number).

spawn_caller() ->
    spawn_link(fun Loop() ->
        receive
            {tell, From, Fun} ->
                Outcome =
                    try
                        {ok, Fun()}
                    catch
                        C:R:S -> {C, R, S}
                    end,
                From ! {told, Outcome},
                Loop()
        end
    end).

tell(Caller, Fun) ->
    Caller ! {tell, self(), Fun},
    receive
        {told, Outcome} -> Outcome
    end.

init(_) -> {ok, none}.

handle_call({price, Of}, _From, State) -> {reply, {answered, Of}, State}.

handle_cast({forget, all}, State) -> {noreply, State}.

handle_info({not_of_a_server, 1, 2}, State) -> {noreply, State}.
