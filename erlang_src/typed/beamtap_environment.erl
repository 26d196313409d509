%% @private
%% beamtap's application environment, checked before anything is started.
-module(beamtap_environment).

-export([check/0, keep_daemon_ms/0, keep/0]).
-export_type([keep/0]).

%% What is kept of the traces below the default place: so many, so many bytes of the newest, those that changed within so
%% many milliseconds.
-type keep() :: #{number => pos_integer(), bytes => pos_integer(), age => pos_integer()}.

%% LTTng's threads come 5 s late to every second new daemon: whoever traces again within this time has the old one.
-define(KEEP_DAEMON_MS, 60000).
-define(LONGEST_KEEP_MS, 86400000).
-define(KEEP_KEYS, [number, bytes, age]).
-define(MOST, 16#FFFFFFFFFFFF).

%% @doc The first wrong value.
-spec check() -> ok | beamtap_error:error().
check() ->
    case [Error || {error, _} = Error <- [keep_daemon_ms(), keep()]] of
        [] -> ok;
        [Error | _] -> Error
    end.

%% @doc How long a session daemon that this VM started stays for the next tap.
-spec keep_daemon_ms() -> {ok, non_neg_integer()} | beamtap_error:error().
keep_daemon_ms() ->
    case application:get_env(beamtap, keep_daemon) of
        undefined -> {ok, ?KEEP_DAEMON_MS};
        {ok, Ms} when is_integer(Ms), Ms >= 0, Ms =< ?LONGEST_KEEP_MS -> {ok, Ms};
        {ok, Other} -> bad(keep_daemon, Other)
    end.

%% @doc What is kept of the traces below the default place: a map of {@link keep()}, the same as a list of pairs, or a number
%% of traces alone. Everything is kept where the environment does not say.
-spec keep() -> {ok, none | keep()} | beamtap_error:error().
keep() ->
    case application:get_env(beamtap, keep) of
        undefined -> {ok, none};
        {ok, Given} -> keep(Given, Given)
    end.

keep(Number, Given) when is_integer(Number) ->
    keep(#{number => Number}, Given);
keep([_ | _] = Pairs, Given) ->
    case lists:all(fun(Pair) -> is_tuple(Pair) andalso tuple_size(Pair) =:= 2 end, Pairs) of
        true -> keep(maps:from_list(Pairs), Given);
        false -> bad(keep, Given)
    end;
keep(Keep, Given) when is_map(Keep), map_size(Keep) > 0 ->
    IsBound = fun({Key, N}) -> lists:member(Key, ?KEEP_KEYS) andalso is_integer(N) andalso N >= 1 andalso N =< ?MOST end,
    case lists:all(IsBound, maps:to_list(Keep)) of
        true -> {ok, Keep};
        false -> bad(keep, Given)
    end;
keep(_, Given) ->
    bad(keep, Given).

bad(Key, Value) -> {error, #{reason => bad_environment, key => Key, value => Value}}.
