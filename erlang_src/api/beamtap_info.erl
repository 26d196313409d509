%% @private
%% Who records this VM: taps, those that run and those that ended, and sessions of LTTng's that beamtap did not make.
-module(beamtap_info).

-export([all/0, taps/0]).

%% How long is waited for what all taps say of themselves.
-define(TAPS_MS, 3000).
%% And for each of them, after others have taken that time.
-define(LEAST_MS, 100).
%% And for the other sessions.
-define(OUTSIDE_MS, 2000).

%% @doc Everybody.
-spec all() -> [beamtap:info() | beamtap:outside()].
all() ->
    taps() ++ beamtap_definitions:outside(?OUTSIDE_MS).

%% @doc All taps, oldest first.
-spec taps() -> [beamtap:info()].
taps() ->
    %% In this order: a tap that ends meanwhile is then among the ended.
    Running = running(),
    ok = beamtap_janitor:settle(),
    Ended = [Receipt#{state => ended} || Receipt <- beamtap_ledger:receipts()],
    Over = [Tap || #{tap := Tap} <- Ended],
    Ended ++ [Info || #{tap := Tap} = Info <- Running, not lists:member(Tap, Over)].

%% What each tap that runs says of itself. One that waits for LTTng does not say anything just then.
running() ->
    Deadline = beamtap_deadline:within(?TAPS_MS),
    Left = fun() -> max(?LEAST_MS, beamtap_deadline:remaining(Deadline)) end,
    lists:append([
        case beamtap_session:info(Session, Left()) of
            {ok, Info} -> [beamtap_words_tap:info(Info, erlang)];
            busy -> [busy(Tap, Entry)];
            {error, _} -> []
        end
     || {Tap, #{session := Session} = Entry} <- beamtap_ledger:open_entries()
    ]).

busy(Tap, Entry) ->
    #{
        tap => Tap,
        state => maps:get(state, Entry, busy),
        path => maps:get(path, Entry),
        reason => <<"waits for LTTng's session daemon">>
    }.
