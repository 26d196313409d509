%% @private
%% What beamtap's application environment says, checked: a wrong value is told before anything is started.
-module(beamtap_environment).

-export([check/0, keep_daemon_ms/0, keep/0]).

%% LTTng's threads come 5 s late to every second new daemon: whoever traces again within this time has the old one.
-define(KEEP_DAEMON_MS, 60000).
-define(LONGEST_KEEP_MS, 86400000).

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
        {ok, Other} -> bad(keep_daemon, Other, "a time in milliseconds from 0 to 86400000")
    end.

%% @doc What is to be kept of the traces below the default place.
-spec keep() -> {ok, none | map()} | beamtap_error:error().
keep() ->
    case application:get_env(beamtap, keep) of
        undefined ->
            {ok, none};
        {ok, Given} ->
            case beamtap_traces:check_keep(Given) of
                {ok, Keep} ->
                    {ok, Keep};
                error ->
                    Want = beamtap_wording:either(
                        "#{number => N, bytes => Bytes, age => Ms}, or some of these", "[number: n, bytes: bytes, age: ms], or some of these"
                    ),
                    bad(keep, Given, Want)
            end
    end.

bad(Key, Value, Want) ->
    Name = atom_to_list(Key),
    beamtap_error:new(
        bad_environment,
        ["invalid value ", beamtap_error:quote(Value), " for ", Name, " in beamtap's environment"],
        [Name, " is ", Want]
    ).
