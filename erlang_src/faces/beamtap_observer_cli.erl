%% @doc A page of observer_cli (1.4 to 1.8) that shows taps and processes, and toggles the tracing of a chosen row.
%%
%% In observer_cli's environment:
%% ```
%% {plugins, [
%%     #{module => beamtap_observer_cli, title => "beamtap", shortcut => "T", interval => 2000, sort_column => 4,
%%       handler => {fun erlang:is_pid/1, beamtap_observer_cli}},
%%     #{module => beamtap_observer_cli_off, title => "all off", shortcut => "O"}
%% ]}.
%% '''
%% Choose the row of a process to toggle it. Before 1.8 observer_cli has no handlers and shows the process instead. The key
%% of the second page, here O, switches everything off. Rows keep their order until a key is pressed, so that the number you
%% type still belongs to the process you mean; taps and what is traced are updated.
%% beamtap does not depend on observer_cli: this module calls it only when observer_cli has called it.
-module(beamtap_observer_cli).

-export([attributes/1, sheet_header/0, sheet_body/1, start/3]).

%% Taps shown above the processes, the newest.
-define(TAPS, 3).
-define(LIMIT, 200).

%% @doc The newest taps, one a line: number, state, events so far, and path.
-spec attributes(State) -> {[[map()]], State}.
attributes(State) ->
    Taps = lists:sublist(lists:reverse(beamtap_toggle:taps()), ?TAPS),
    Lines =
        case Taps of
            [] -> [[cell("no taps; choose a process to trace it", 132)]];
            _ -> [tap(Tap) || Tap <- Taps]
        end,
    {Lines, State}.

tap(#{tap := {tap, Number}, state := Tapping, path := Path} = Info) ->
    Cell = cell(atom_to_list(Tapping), 12),
    [
        cell("tap " ++ integer_to_list(Number), 12),
        case Tapping of
            recording -> Cell#{color => <<"\e[42m">>};
            _ -> Cell
        end,
        cell(integer_to_list(events(Info)) ++ " events", 22),
        cell(unicode:characters_to_list(Path), 80)
    ].

events(#{traced := Traced}) -> Traced;
events(#{events := Events}) when is_map(Events) -> lists:sum(maps:values(Events));
events(_) -> 0.

cell(Content, Width) ->
    #{content => Content, width => Width}.

-spec sheet_header() -> [map()].
sheet_header() ->
    [
        #{title => "Pid", width => 16},
        #{title => "Traced", width => 8, shortcut => "X"},
        #{title => "Name or first function", width => 46},
        #{title => "Reductions", width => 20, shortcut => "R"},
        #{title => "Memory", width => 16, shortcut => "M"},
        #{title => "Messages", width => 16, shortcut => "Q"}
    ].

%% @doc The processes that had most reductions when the page was opened, a row each. observer_cli sorts rows at each refresh
%% and looks a chosen row up in the last order, so changed numbers would put another process there.
-spec sheet_body(term()) -> {[[term()]], {?MODULE, [beamtap_toggle:process()]}}.
sheet_body({?MODULE, Processes}) ->
    IsOn = beamtap_toggle:traced(),
    {[row(Process#{is_on := IsOn(Pid)}) || #{pid := Pid} = Process <- Processes], {?MODULE, Processes}};
sheet_body(_) ->
    sheet_body({?MODULE, beamtap_toggle:processes(#{limit => ?LIMIT})}).

row(#{pid := Pid, reductions := Reductions, memory := Memory, message_queue_len := Length} = Process) ->
    [Pid, mark(Process), name(Process), Reductions, {byte, Memory}, Length].

mark(#{is_on := true}) -> "on";
mark(#{pid := Pid}) ->
    case is_process_alive(Pid) of
        true -> "";
        false -> "ended"
    end.

name(#{name := undefined, function := {M, F, A}}) -> lists:flatten(io_lib:format("~p:~p/~b", [M, F, A]));
name(#{name := Name}) -> atom_to_list(Name).

%% @doc observer_cli calls it when the row of a process is chosen. Toggles the process and shows the page again.
-spec start(term(), pid(), term()) -> term().
start(_Type, Pid, ViewOpts) ->
    ok = tell(beamtap_toggle:toggle({process, Pid})),
    apply(observer_cli_plugin, start, [ViewOpts]).

tell({ok, _}) ->
    ok;
tell({error, #{message := Message, remedy := Remedy}}) ->
    ok = io:format("~n~ts~n~ts~nPress return to go on.~n", [Message, Remedy]),
    _ = io:get_line(""),
    ok.
