%% @doc Checks everything a tap needs, without starting one.
-module(beamtap_doctor).

-export([run/1, rows/0, rows/1, print/1, worst/1]).
-export_type([row/0]).

-type verdict() :: ok | warning | error.
-type row() :: {Check :: binary(), verdict(), Finding :: binary(), Remedy :: binary()}.

%% @doc Prints what it finds, in the user's language. Answers with the gravest verdict.
-spec run(beamtap_language:language()) -> verdict().
run(Language) ->
    Rows = rows(Language),
    ok = print(Rows),
    worst(Rows).

%% @equiv rows(erlang)
-spec rows() -> [row()].
rows() -> rows(erlang).

%% @doc One row for each check.
-spec rows(beamtap_language:language()) -> [row()].
rows(Language) ->
    {Output, Place} = output(Language),
    [vm() | known_bad()] ++ native(Place, Language) ++ [Output, sidecar(Language)].

%% @doc Prints the rows to the group leader, as wide as the terminal there.
-spec print([row()]) -> ok.
print(Rows) ->
    Width = lists:max([string:length(Check) || {Check, _, _, _} <- Rows]),
    Columns = case io:columns() of {ok, Known} -> Known; {error, _} -> infinity end,
    lists:foreach(
        fun({Check, Verdict, Finding, Remedy}) ->
            Begin = io_lib:format("~ts  ~-7s  ", [string:pad(Check, Width), Verdict]),
            Indent = lists:duplicate(string:length(Begin), $\s),
            Room = case Columns of infinity -> infinity; _ -> Columns - length(Indent) end,
            Lines = wrapped(Finding, Room) ++ wrapped(Remedy, Room),
            io:put_chars([Begin, lists:join(["\n", Indent], Lines), "\n"])
        end,
        Rows
    ).

%% Lines of at most so many columns. A longer word has a line of its own.
wrapped(Text, Room) ->
    wrap(string:lexemes(Text, " "), Room, []).

wrap([], _, []) ->
    [];
wrap([], _, Line) ->
    [Line];
wrap([Word | Words], Room, []) ->
    wrap(Words, Room, [Word]);
wrap([Word | Words], Room, Line) ->
    case string:length(Line) + 1 + string:length(Word) =< Room of
        true -> wrap(Words, Room, [Line, " ", Word]);
        false -> [Line | wrap(Words, Room, [Word])]
    end.

%% @doc The gravest verdict.
-spec worst([row()]) -> verdict().
worst(Rows) ->
    Verdicts = [Verdict || {_, Verdict, _, _} <- Rows],
    hd([Verdict || Verdict <- [error, warning, ok], lists:member(Verdict, [ok | Verdicts])]).

vm() ->
    Release = erlang:system_info(otp_release),
    Sessions =
        case beamtap_vm:has_sessions() of
            true -> "trace sessions";
            false -> "one set of trace flags for the whole VM"
        end,
    row("vm", ok, ["OTP ", Release, ", ERTS ", erlang:system_info(version), ", ", Sessions], "").

known_bad() ->
    Erts = beamtap_hazards:erts(),
    [known_bad(Class, Hazard) || Class <- beamtap_spec:classes(), Hazard <- beamtap_hazards:of_class(Erts, Class)].

known_bad(Class, #{beside := true, verdict := Verdict, finding := Finding, remedy := Remedy}) ->
    case beamtap_neighbours:foreign() of
        [] -> row(Class, warning, Finding, "while it is recorded, start no other trace session");
        _ when Verdict =:= refuse -> row(Class, error, Finding, Remedy);
        _ -> row(Class, warning, Finding, Remedy)
    end;
known_bad(Class, #{finding := Finding, remedy := Remedy}) ->
    row(Class, warning, Finding, Remedy).

%% `beamtapd doctor' has the same native code for LTTng's rows.
native(Place, Language) ->
    case beamtap_native:load() of
        ok -> [row("nif", ok, beamtap_files:directory(), ""), provider(Language) | beamtap_nif:lttng_status(Place)];
        Error -> [failed("nif", Error, Language)]
    end.

provider(Language) ->
    case beamtap_native:load_provider() of
        ok -> row("provider", ok, "open", "");
        Error -> failed("provider", Error, Language)
    end.

%% The row, and the place whose disk is checked.
output(Language) ->
    case beamtap_traces:check_writable() of
        {ok, Base} -> {row("output", ok, Base, ""), Base};
        Error -> {failed("output", Error, Language), <<"/">>}
    end.

sidecar(Language) ->
    case beamtap_sidecar:find() of
        {ok, File} -> row("beamtapd", ok, File, "");
        Error -> failed("beamtapd", Error, Language)
    end.

failed(Check, Error, Language) ->
    {error, #{message := Message, remedy := Remedy}} = beamtap_wording:word(Error, Language),
    row(Check, error, Message, Remedy).

row(Check, Verdict, Finding, Remedy) when is_atom(Check) ->
    row(atom_to_list(Check), Verdict, Finding, Remedy);
row(Check, Verdict, Finding, Remedy) ->
    Text = fun unicode:characters_to_binary/1,
    {Text(Check), Verdict, Text(Finding), Text(Remedy)}.
