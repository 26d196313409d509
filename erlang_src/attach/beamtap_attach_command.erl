%% @doc The command line of {@link beamtap_attach}: `scripts/beamtap-attach' and `mix beamtap.attach'.
-module(beamtap_attach_command).
-behaviour(gen_event).

-export([main/0, run/1, run/2]).
%% SIGUSR1
-export([init/1, handle_event/2, handle_call/2]).

-type request() :: #{
    node => node(), functions := [string()], classes := [atom()], targets := [string()], tap := map(), report := map(),
    attach := beamtap_attach:opts(), is_estimate := boolean(), language => beamtap_language:language()
}.

%% How often the node is asked whether the tap has ended.
-define(POLL_MS, 250).
-define(DEFAULT_FOR_MS, 10000).
-define(USAGE_STATUS, 64).

-define(USAGE,
    "usage: beamtap-attach NODE WHAT... [OPTION...]\n"
    "\n"
    "Loads beamtap into a running node that does not have it, records, prints the report, and leaves without residue.\n"
    "\n"
    "  NODE                NAME@HOST, or NAME for a node of this host\n"
    "  WHAT                a function (\"lists:seq/2\", \"MyApp.Repo.* -> return\"), or a class:\n"
    "                      send receive procs running exiting garbage_collection all return exception return_to\n"
    "\n"
    "  --for TIME          how long at most: 500ms, 10s, 5m, 1h or infinity (10s)\n"
    "  --events N          how many events at most, or infinity (1000000)\n"
    "  --rate N            how many events in a second at most, or infinity (infinity)\n"
    "  --payload WHAT      none, size, or the number of bytes of text, for arguments, results, messages and exit reasons (none)\n"
    "  --mode MODE         local; snapshot, the newest events when it ends; live; or net://HOST, a relay daemon (local)\n"
    "  --target WHOM       all, new, existing, a registered name or a pid as the node writes it; may be repeated (all)\n"
    "  --output DIR        where the trace goes, on the node's host (a new one below the node's ~/lttng-traces)\n"
    "  --json              the report as JSON, as beamtapd report --json prints it\n"
    "  --sort COLUMN       the report's column to sort by\n"
    "  --top N             rows of each table of the report (20; all as JSON)\n"
    "  --estimate          record nothing: count for --for (1s), and print what recording would cost\n"
    "  --cookie-file FILE  the file with the node's cookie (~/.erlang.cookie)\n"
    "  --cookie COOKIE     the cookie; other users of this host can read it in the list of processes\n"
    "  --libraries HOW     path, send or auto: send the libraries only where the node cannot read them here (auto)\n"
    "\n"
    "Ctrl-C ends the recording and prints the report; once more leaves at once.\n"
).

%% @doc Runs the command line after `-extra' and ends the VM.
-spec main() -> no_return().
main() ->
    _ = io:setopts([{encoding, unicode}]),
    _ = io:setopts(standard_error, [{encoding, unicode}]),
    ok = forward_interrupts(self()),
    halt(run(init:get_plain_arguments())).

%% @equiv run(Arguments, erlang)
-spec run([string()]) -> 0 | 1 | 64.
run(Arguments) -> run(Arguments, erlang).

%% @doc Runs a command line; answers with the exit status: 0, 1 when it failed, 64 when it was not understood. Errors are
%% worded in the language.
-spec run([string()], beamtap_language:language()) -> 0 | 1 | 64.
run(Arguments, Language) ->
    case lists:any(fun(A) -> A =:= "--help" orelse A =:= "-h" end, Arguments) of
        true ->
            io:put_chars(?USAGE),
            0;
        false ->
            try
                attach((checked(parse(Arguments, empty())))#{language => Language})
            catch
                throw:{usage, Said} ->
                    Command = beamtap_language:either(Language, "beamtap-attach", "mix beamtap.attach"),
                    say("~ts; ~ts --help lists the options", [Said, Command]),
                    ?USAGE_STATUS;
                throw:{error, _} = Error ->
                    failed(Error, Language)
            end
    end.

%%% What was typed

empty() ->
    #{functions => [], classes => [], targets => [], tap => #{}, report => #{}, attach => #{}, is_estimate => false}.

-spec parse([string()], request()) -> request().
parse([], Request) ->
    Request;
parse(["--json" | Rest], Request) ->
    parse(Rest, report(json, true, Request));
parse(["--estimate" | Rest], Request) ->
    parse(Rest, Request#{is_estimate := true});
parse([[$-, $- | Name] = Option | Rest], Request) ->
    case {string:split(Name, "="), Rest} of
        {[Known, Value], _} -> parse(Rest, option(Known, Value, Request));
        {[Known], [Value | More]} -> parse(More, option(Known, Value, Request));
        {_, []} -> usage([Option, " needs a value"])
    end;
parse([Node | Rest], Request) when not is_map_key(node, Request) ->
    parse(Rest, Request#{node => node_name(Node)});
parse([Text | Rest], #{functions := Functions, classes := Classes} = Request) ->
    Words = [all, return, exception | beamtap_spec:classes()],
    case [Class || Class <- Words, atom_to_list(Class) =:= Text] of
        [Class] -> parse(Rest, Request#{classes := Classes ++ [Class]});
        [] -> parse(Rest, Request#{functions := Functions ++ [Text]})
    end.

option("for", Value, Request) -> tap(for, time(Value), Request);
option("events", Value, Request) -> tap(events, count("--events", Value), Request);
option("rate", Value, Request) -> tap(rate, count("--rate", Value), Request);
option("payload", Value, Request) -> tap(payload, payload(Value), Request);
option("mode", Value, Request) -> tap(mode, mode(Value), Request);
option("sort", Value, Request) -> report(sort, Value, Request);
option("top", Value, Request) -> report(top, number("--top", Value), Request);
option("output", Value, Request) -> tap(output, filename:absname(Value), Request);
option("target", Value, #{targets := Targets} = Request) -> Request#{targets := Targets ++ [Value]};
option("cookie", Value, Request) -> attach_option(cookie, Value, Request);
option("cookie-file", Value, Request) -> attach_option(cookie_file, Value, Request);
option("libraries", "path", Request) -> attach_option(libraries, path, Request);
option("libraries", "send", Request) -> attach_option(libraries, send, Request);
option("libraries", "auto", Request) -> attach_option(libraries, auto, Request);
option("libraries", Value, _) -> usage(["invalid value ", Value, " for --libraries: expected path, send or auto"]);
option(Name, _, _) -> usage(["there is no option --", Name]).

tap(Key, Value, #{tap := Tap} = Request) -> Request#{tap := Tap#{Key => Value}}.

report(Key, Value, #{report := Report} = Request) -> Request#{report := Report#{Key => Value}}.

attach_option(Key, Value, #{attach := Attach} = Request) -> Request#{attach := Attach#{Key => Value}}.

node_name(Text) ->
    case lists:member($@, Text) of
        true ->
            list_to_atom(Text);
        false ->
            {ok, Host} = inet:gethostname(),
            list_to_atom(Text ++ "@" ++ Host)
    end.

time("infinity") ->
    infinity;
time(Text) ->
    case string:to_integer(Text) of
        {N, "ms"} when is_integer(N) -> N;
        {N, "s"} when is_integer(N) -> N * 1000;
        {N, "m"} when is_integer(N) -> N * 60000;
        {N, "h"} when is_integer(N) -> N * 3600000;
        _ -> usage(["invalid value ", Text, " for --for: expected a time with a unit (500ms, 10s, 5m, 1h) or infinity"])
    end.

count(_, "infinity") -> infinity;
count(Option, Text) -> number(Option, Text).

number(Option, Text) ->
    case string:to_integer(Text) of
        {N, ""} when is_integer(N) -> N;
        _ -> usage(["invalid value ", Text, " for ", Option, ": expected a number"])
    end.

payload("none") -> none;
payload("size") -> size;
payload(Text) -> {text, number("--payload", Text)}.

mode("local") -> local;
mode("snapshot") -> snapshot;
mode("live") -> live;
mode("net" ++ _ = Url) -> {net, Url};
mode(Other) -> usage(["invalid value ", Other, " for --mode: expected local, snapshot, live or net://HOST"]).

checked(#{node := _, functions := [], classes := []}) -> usage("nothing to trace: name a function or a class");
checked(#{is_estimate := true, report := Report}) when map_size(Report) > 0 -> usage("--estimate prints no report: leave out --json, --sort and --top");
checked(#{node := _} = Request) -> Request;
checked(_) -> usage("no node: name the node first").

-spec usage(unicode:chardata()) -> no_return().
usage(Said) ->
    throw({usage, Said}).

%%% What is done

attach(#{node := Node, attach := Opts, language := Language} = Request) ->
    %% Errors are found before anything is loaded anywhere.
    _ = succeeded(beamtap_spec:check(spec(Request, all))),
    _ = succeeded(beamtap_options:check(maps:get(tap, Request), self())),
    Attachment = succeeded(beamtap_attach:attach(Node, Opts)),
    say("attached to ~ts", [Node]),
    Status =
        try
            case Request of
                #{is_estimate := true} -> estimate(Attachment, Request);
                #{} -> record(Attachment, Request)
            end
        catch
            throw:{error, _} = Error -> failed(Error, Language)
        end,
    max(Status, detach(Attachment, Request)).

spec(#{functions := Functions, classes := Classes}, Targets) ->
    #{
        functions => Functions,
        classes =>
            case Classes of
                [all] -> all;
                _ -> Classes
            end,
        targets => Targets
    }.

%% The functions, and the classes except calls, which the functions stand for.
recorded(Info) ->
    Functions = [number(N, "function", "functions") || #{functions := N} <- [Info], N > 0],
    lists:join(", ", Functions ++ [atom_to_list(Class) || Class <- maps:get(classes, Info, []), Class =/= call]).

number(1, One, _) -> ["1 ", One];
number(N, _, Many) -> [integer_to_list(N), " ", Many].

record(Attachment, #{tap := Opts, language := Language} = Request) ->
    Mode = maps:get(mode, Opts, local),
    {Bounded, Wait} = bounded(Mode, Opts),
    Tap = succeeded(beamtap_attach:start(Attachment, spec(Request, targets(Request)), Bounded)),
    #{path := Path} = Info = succeeded(beamtap_attach:call(Attachment, info, [Tap])),
    Processes = maps:get(traced, maps:get(processes, Info, #{}), 0),
    say("recording ~ts of ~ts to ~ts; Ctrl-C ends it", [recorded(Info), number(Processes, "process", "processes"), Path]),
    Why = await(Attachment, Tap, Wait),
    Place = kept(Attachment, Tap, Mode, Why),
    receipt(beamtap_wording:info(succeeded(beamtap_attach:call(Attachment, stop, [Tap])), Language)),
    reported(Attachment, Place, Request).

%% A flight recorder is written while it runs, so its time is kept here. It ends with the attachment.
bounded(snapshot, Opts) ->
    For = maps:get(for, Opts, ?DEFAULT_FOR_MS),
    {Opts#{for => infinity}, case For of infinity -> infinity; _ -> beamtap_deadline:within(For) end};
bounded(_, Opts) ->
    {Opts, infinity}.

kept(Attachment, Tap, snapshot, stopped) ->
    Directory = succeeded(beamtap_attach:call(Attachment, snapshot, [Tap, "attach"])),
    say("the flight recorder is written to ~ts", [Directory]),
    Directory;
kept(_, _, snapshot, over) ->
    throw({error, #{reason => nothing_kept}});
kept(_, Tap, _, _) ->
    Tap.

reported(_, _, #{tap := #{mode := {net, Url}}}) ->
    say("the trace is at the relay daemon of ~ts: beamtapd report there", [Url]),
    0;
reported(Attachment, Place, #{report := Options, language := Language}) ->
    case beamtap_attach:call(Attachment, report, [Place, Options]) of
        ok -> 0;
        {error, _} = Error -> failed(Error, Language)
    end.

%% What recording would cost, the most frequent events first.
estimate(Attachment, #{tap := Opts} = Request) ->
    #{
        events := Events, events_per_second := PerSecond, ns_per_event := Ns, scheduler_share := Share, bytes_per_second := Bytes
    } = succeeded(beamtap_attach:call(Attachment, estimate, [spec(Request, targets(Request)), Opts])),
    io:format("~b events a second, ~b bytes a second, ~.2f % of the schedulers' time (~b ns an event)~n", [
        PerSecond, Bytes, Share * 100, round(Ns)
    ]),
    [
        io:format("~12b  ~ts~n", [Count, Event])
     || {Count, Event} <- lists:reverse(lists:sort([{Count, Event} || {Event, Count} <- maps:to_list(Events)]))
    ],
    0.

%% A name becomes an atom only where it is one in the node already.
targets(#{targets := []}) ->
    all;
targets(#{targets := Targets, node := Node}) ->
    [target(Target, Node) || Target <- Targets].

target([$< | _] = Text, Node) ->
    %% <0.Number.Serial>, or as RabbitMQ writes it, with the node's name and creation in front.
    case lists:reverse(string:lexemes(Text, "<.>")) of
        [Serial, Number, _ | _] -> asked(Node, list_to_pid, "<0." ++ Number ++ "." ++ Serial ++ ">", Text);
        _ -> no_target(Node, Text)
    end;
target(Text, Node) ->
    asked(Node, list_to_existing_atom, Text, Text).

asked(Node, Function, Argument, Text) ->
    try
        erpc:call(Node, erlang, Function, [Argument])
    catch
        error:{exception, badarg, _} -> no_target(Node, Text)
    end.

-spec no_target(node(), string()) -> no_return().
no_target(Node, Text) ->
    throw({error, #{reason => no_target, node => Node, target => Text}}).

%% Until the user stops it, or it ends by itself.
await(Attachment, Tap, Deadline) ->
    Left = case Deadline of infinity -> ?POLL_MS; _ -> min(?POLL_MS, beamtap_deadline:remaining(Deadline)) end,
    receive
        interrupt -> stopped
    after Left ->
        case {succeeded(beamtap_attach:call(Attachment, info, [Tap])), Left} of
            {#{state := ended}, _} -> over;
            {_, 0} -> stopped;
            _ -> await(Attachment, Tap, Deadline)
        end
    end.

receipt(#{events := Events, ended_by := EndedBy} = Receipt) ->
    say("~b events in ~b ms (~ts), discarded ~tp, lost ~tp", [
        lists:sum(maps:values(Events)),
        maps:get(duration_ms, Receipt),
        EndedBy,
        maps:get(discarded, Receipt),
        maps:get(lost, Receipt)
    ]),
    [say("~ts", [Problem]) || Problem <- maps:get(problems, Receipt)],
    ok.

detach(Attachment, #{node := Node, language := Language}) ->
    case beamtap_attach:detach(Attachment) of
        {ok, #{modules := Modules, files := Files, mapped := Mapped, problems := Problems}} ->
            Removed =
                case Files of
                    removed -> ", the files removed";
                    path -> ""
                end,
            say("detached from ~ts: flags and patterns off, ~b modules unloaded~ts", [Node, Modules, Removed]),
            Mapped =:= [] orelse
                say("still mapped until the node ends: ~ts, and their four sleeping threads", [lists:join(", ", Mapped)]),
            [say("left behind: ~ts", [Problem]) || Problem <- Problems],
            min(1, length(Problems));
        {error, _} = Error ->
            failed(Error, Language)
    end.

succeeded({ok, Value}) -> Value;
succeeded({error, _} = Error) -> throw(Error).

failed(Error, Language) ->
    {error, #{message := Message, remedy := Remedy}} = beamtap_wording:word(Error, Language),
    say("~ts", [Message]),
    say("~ts", [Remedy]),
    1.

say(Format, Arguments) ->
    io:format(standard_error, "beamtap-attach: " ++ Format ++ "~n", Arguments).

%%% Ctrl-C

%% The VM does not give up SIGINT, so scripts/beamtap-attach sends SIGUSR1 instead: Pid gets the message `interrupt'.
forward_interrupts(Pid) ->
    ok = gen_event:add_handler(erl_signal_server, ?MODULE, Pid),
    %% OTP's handler ends the VM at this signal. Of what it does at others we need SIGTERM alone.
    _ = gen_event:delete_handler(erl_signal_server, erl_signal_handler, normal),
    os:set_signal(sigusr1, handle).

-spec init(pid()) -> {ok, pid()}.
init(Pid) ->
    {ok, Pid}.

-spec handle_event(term(), pid()) -> {ok, pid()}.
handle_event(sigusr1, Pid) ->
    Pid ! interrupt,
    {ok, Pid};
handle_event(sigterm, Pid) ->
    ok = init:stop(),
    {ok, Pid};
handle_event(_, Pid) ->
    {ok, Pid}.

-spec handle_call(term(), pid()) -> {ok, ok, pid()}.
handle_call(_, Pid) ->
    {ok, ok, Pid}.
