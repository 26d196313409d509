%% What the tracer reads: every kind of term in every place, through the real library. It answers, counts each event
%% once, takes bounded time and writes bounded text. In a VM of its own, so that a crash is a failed case.
-module(beamtap_term_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([any_term_anywhere/1, large_terms_take_no_time/1]).
%% In the other VM
-export([ready/0, property/1, times/0, counts/0]).

suite() -> [{timetrap, {minutes, 2}}].

all() -> [any_term_anywhere, large_terms_take_no_time].

init_per_suite(Config) ->
    beamtap_sessiond:start(Config).

end_per_suite(Config) ->
    beamtap_sessiond:stop(Config).

any_term_anywhere(Config) ->
    {Vm, Path} = record(any_term, Config),
    Before = call(Vm, counts, []),
    true = call(Vm, property, [4000]),
    After = call(Vm, counts, []),
    0 = peer:call(Vm, beamtap_nif, panics, []),
    [1, 2, 3] = peer:call(Vm, lists, seq, [1, 3]),
    Emitted = emitted(After) - emitted(Before),
    Lines = recorded(Vm, Path),
    Typed = [Line || Line <- Lines, is_typed(Line)],
    {Emitted, Emitted} = {Emitted, length(Typed)},
    true = Emitted > 200,
    true = length(Lines) > length(Typed) + 200,
    %% A field of text has at most 255 bytes, of a name 255 characters; an event has at most three.
    [] = [Line || Line <- Lines, byte_size(Line) > 4096].

large_terms_take_no_time(Config) ->
    {Vm, Path} = record(large, Config),
    Times = call(Vm, times, []),
    ct:log("~p", [Times]),
    %% What the VM itself takes to read such a term once, and the most that a callback took for it.
    [] = [Time || {_, _, Whole, Callback} = Time <- Times, Callback * 10 > Whole],
    [_ | _] = recorded(Vm, Path),
    ok.

%%% Within

%% A VM with beamtap's events and OTP's recorded by an LTTng session of the test's own.
record(Case, Config) ->
    Path = beamtap_world:scratch(Case, Config),
    lttng(["create ", atom_to_list(Case), " --output='", Path, "'"]),
    lttng("enable-channel -u wide --subbuf-size=1M --num-subbuf=16"),
    lttng("enable-event -u -c wide 'beamtap:*,org_erlang_dyntrace:*'"),
    lttng("start"),
    Paths = lists:append([["-pa", P] || P <- code:get_path(), filelib:is_dir(P), string:prefix(P, code:lib_dir()) =:= nomatch]),
    {ok, Vm, _} = peer:start(#{connection => standard_io, args => Paths}),
    ok = call(Vm, ready, []),
    {Vm, Path}.

recorded(Vm, Path) ->
    ok = peer:stop(Vm),
    lttng("destroy"),
    Text = os:cmd("babeltrace2 '" ++ Path ++ "' 2>/dev/null; echo end $?"),
    {Lines, ["end 0"]} = lists:split(length(string:lexemes(Text, "\n")) - 1, string:lexemes(Text, "\n")),
    [unicode:characters_to_binary(Line) || Line <- Lines].

is_typed(Line) ->
    re:run(Line, " beamtap:(?!def_|canary|counters)") =/= nomatch.

lttng(Command) ->
    Said = os:cmd(unicode:characters_to_list(["lttng -n ", Command, " 2>&1 && echo done"])),
    {Command, Said, true} = {Command, Said, lists:suffix("done\n", Said)}.

call(Vm, Function, Arguments) ->
    peer:call(Vm, ?MODULE, Function, Arguments, 100000).

%%% In the other VM

ready() ->
    ok = beamtap:load_provider(),
    ok = beamtap_nif:await_enabled([Event || {Event, _, _} <- beamtap_nif:catalogue()], 30000).

%% Events but definitions: emitted, and what was not.
counts() ->
    [
        {Event, Emitted, Suppressed, Unreadable}
     || {Event, Emitted, Suppressed, Unreadable, _} <- beamtap_nif:counters(),
        string:prefix(Event, <<"def_">>) =:= nomatch, Event =/= <<"canary">>, Event =/= <<"counters">>
    ].

emitted(Counts) -> lists:sum([Emitted || {_, Emitted, _, _} <- Counts]).

total(Counts) -> lists:sum([E + S + U || {_, E, S, U} <- Counts]).

property(Times) ->
    Places = [{Callback, Tag} || {Callback, Tags} <- callbacks(), Tag <- Tags],
    %% Made once: some are large.
    persistent_term:put(?MODULE, kinds()),
    [persistent_term:put({?MODULE, Name}, Term) || {Name, Term} <- large()],
    Property = proper:forall(
        proper_types:tuple([proper_types:elements(Places), tracee(), any_size(), any_size()]),
        fun({Place, Tracee, Term, Extra}) -> is_counted_once(Place, Tracee, made(Term), made(Extra)) end
    ),
    case proper:quickcheck(Property, [{numtests, Times}, {max_size, 12}, quiet]) of
        true -> true;
        Answer -> {Answer, proper:counterexample()}
    end.

is_counted_once(Place, Tracee, Term, Extra) ->
    Before = total(counts()),
    discard = traced(Place, Tracee, Term, #{extra => Extra}),
    Before + 1 =:= total(counts()).

traced({Callback, Tag}, Tracee, Term, Options) ->
    beamtap_nif:Callback(Tag, 0, Tracee, Term, Options).

callbacks() ->
    [
        {trace, [call, return_from, return_to, exception_from, send, send_to_non_existing_process, seq_trace]},
        {trace_receive, ['receive']},
        {trace_procs, [
            spawn, spawned, exit, register, unregister, link, unlink, getting_linked, getting_unlinked
        ]},
        {trace_running_procs, [in, out, in_exiting, out_exiting, out_exited]},
        {trace_garbage_collection, [gc_minor_start, gc_minor_end, gc_major_start, gc_major_end, gc_max_heap_size]},
        {trace_ports, [open, closed, register, unregister, getting_linked, getting_unlinked]},
        {trace_running_ports, [in, out]}
    ].

tracee() ->
    Port = hd(erlang:ports()),
    proper_types:elements([self(), self(), self(), self(), Port, Port, Port, undefined, remote_pid()]).

%% A large term stands as its name until it is needed: PropEr looks at the whole of what it makes.
any_size() ->
    Large = [{?MODULE, Name} || {{?MODULE, Name}, _} <- persistent_term:get()],
    proper_types:weighted_union([
        {4, term()}, {1, proper_types:elements(Large)}, {4, proper_types:elements(fitting())}
    ]).

%% What the VM does hand over.
fitting() ->
    Sizes = [heap_size, stack_size, old_heap_size, wordsize, heap_block_size, old_heap_block_size],
    [
        {lists, seq, 2}, {lists, seq, [1, 2]}, {error, badarg}, self(), hd(erlang:ports()), kernel_sup, 0,
        [{Size, 1 bsl 40} || Size <- Sizes], {send, {0, 1}, self(), self(), message}, {self(), {command, <<"bytes">>}}
    ].

made({?MODULE, Name}) -> persistent_term:get({?MODULE, Name});
made(Term) -> Term.

%% Every kind by itself, and in the forms that the reader knows.
term() -> proper_types:sized(fun term/1).

term(0) ->
    proper_types:oneof([
        proper_types:elements(persistent_term:get(?MODULE)),
        proper_types:integer(),
        proper_types:float(),
        proper_types:binary(),
        proper_types:bitstring(),
        proper_types:list(proper_types:byte())
    ]);
term(Size) ->
    T = proper_types:lazy(fun() -> term(Size div 3) end),
    Form = fun(Elements) -> proper_types:tuple([atom_or(E) || E <- Elements]) end,
    proper_types:oneof([
        term(0),
        Form(['$gen_call', Form([T, T]), T]),
        Form(['$gen_cast', T]),
        Form(['DOWN', T, T, T, T]),
        Form(['EXIT', T, T]),
        Form([timeout, T, T]),
        Form([T, T]),
        Form([proper_types:elements([error, exit, throw]), T]),
        Form([lists, seq, T]),
        Form([T, Form([command, T])]),
        Form([T, Form([control, Form([T, T])])]),
        Form([proper_types:elements([send, 'receive', print]), Form([T, T]), T, T, T]),
        proper_types:list(Form([proper_types:elements([wordsize, heap_size, stack_size]), T])),
        proper_types:list(T),
        cons(proper_types:elements([alias, a]), T),
        cons(T, T),
        map(T)
    ]).

atom_or(Atom) when is_atom(Atom) -> proper_types:exactly(Atom);
atom_or(Type) -> Type.

cons(Head, Tail) ->
    proper_types:bind(proper_types:tuple([Head, Tail]), fun({H, T}) -> proper_types:exactly([H | T]) end, false).

map(Type) ->
    Pairs = proper_types:list(proper_types:tuple([Type, Type])),
    proper_types:bind(Pairs, fun(List) -> proper_types:exactly(maps:from_list(List)) end, false).

kinds() ->
    Small = [
        self(), hd(erlang:ports()), make_ref(), alias(), remote_pid(), remote_port(), remote_reference(), [], {}, #{},
        <<>>, <<1, 5:3>>, 0, -1, 1 bsl 59, -(1 bsl 59), 1 bsl 64, -(1 bsl 64), 1 bsl 1000, 1.5, -0.0, undefined, '',
        'with space', 'it\'s', '\0', list_to_atom(lists:duplicate(255, $x)), list_to_atom(lists:duplicate(255, 16#1F600)),
        fun lists:map/2, fun(X) -> X end, {local, node()}, {lists, seq, 2}, {lists, seq, [1, 2]}, {lists, seq, 256},
        {lists, seq, -1}, {lists, seq, [1 | 2]}, {'', '', 0}, [a | b], [alias | make_ref()], "text", "sch\x{f6}n",
        [0, 1], lists:duplicate(32, {a}), list_to_tuple(lists:seq(1, 32))
    ],
    Maps = [maps:from_list([{N, N} || N <- lists:seq(1, Size)]) || Size <- [1, 31, 32, 33, 1000]],
    Small ++ Maps.

%% Terms that take the VM itself long to read.
large() ->
    Zeros = binary:copy(<<0>>, 64 bsl 20),
    Wide = lists:seq(1, 1000000),
    Deep = lists:foldl(fun(_, Inner) -> [Inner] end, [], lists:seq(1, 10000)),
    [
        {zeros, Zeros},
        {printable, binary:copy(<<"a">>, 64 bsl 20)},
        {part_of_a_binary, binary:part(Zeros, 1, 64 bsl 20 - 1)},
        {bits, <<Zeros/binary, 1:1>>},
        {deep_list, Deep},
        {deep_tuple, lists:foldl(fun(_, Inner) -> {Inner} end, {}, lists:seq(1, 10000))},
        {wide_list, Wide},
        {improper_wide_list, Wide ++ tail},
        {text, lists:duplicate(1000000, $s)},
        {wide_tuple, list_to_tuple(Wide)},
        {wide_map, maps:from_list([{N, N} || N <- lists:seq(1, 100000)])},
        %% From OTP 27 on none may have more than 4 Mi bits.
        {big_integer, 1 bsl 4000000},
        {fun_with_much_inside, fun() -> Zeros end},
        {call, {'$gen_call', {self(), [alias | make_ref()]}, Wide}},
        {arguments, {lists, seq, Wide}},
        {many_arguments_of_bytes, {lists, seq, [Zeros, Zeros]}}
    ].

%% Of each large term and each place: the time to read the whole of it, and the shortest of some callbacks.
times() ->
    Large = [{Name, Term} || {Name, Term} <- large(), Name =/= deep_list, Name =/= deep_tuple],
    lists:append([
        begin
            Whole = shortest(fun() -> erlang:phash2({Term, Name}) end, 3),
            [
                {Name, Place, Whole, shortest(fun() -> traced({Callback, Tag}, Tracee, Term, #{extra => Term}) end, 7)}
             || {Callback, Tags} <- callbacks(),
                Tag <- Tags,
                Place <- [{Callback, Tag}],
                Tracee <- [self()]
            ]
        end
     || {Name, Term} <- Large, Name =/= fun_with_much_inside
    ]).

shortest(Fun, Times) ->
    lists:min([
        begin
            Start = erlang:monotonic_time(nanosecond),
            _ = Fun(),
            erlang:monotonic_time(nanosecond) - Start
        end
     || _ <- lists:seq(1, Times)
    ]).

remote_pid() -> binary_to_term(<<131, 88, 119, 3, "a@b", 9:32, 1:32, 7:32>>).
remote_port() -> binary_to_term(<<131, 89, 119, 3, "a@b", 9:32, 7:32>>).
remote_reference() -> binary_to_term(<<131, 90, 3:16, 119, 3, "a@b", 7:32, 1:32, 2:32, 3:32>>).
