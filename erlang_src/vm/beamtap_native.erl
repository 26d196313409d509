%% @doc Where the native files are, and getting the library and the provider ready.
-module(beamtap_native).

-export([directory/0, file/1, load/0, load_provider/0]).

-define(ENVIRONMENT, "BEAMTAP_NATIVE_DIR").
%% The places at which the library learns how this release writes pids and ports: one bit each.
-define(MAX_BIT, 31).

%% @doc The directory of the native files: the application's `native_dir' (set where beamtap is only visiting), or
%% `BEAMTAP_NATIVE_DIR', or priv/native of the application, or the same beside the directory that this module was
%% loaded from.
-spec directory() -> file:filename_all().
directory() ->
    case {application:get_env(beamtap, native_dir), os:getenv(?ENVIRONMENT)} of
        {{ok, Directory}, _} -> Directory;
        {undefined, Directory} when is_list(Directory), Directory =/= "" -> Directory;
        _ -> filename:join(priv(), "native")
    end.

priv() ->
    case code:priv_dir(beamtap) of
        {error, bad_name} ->
            filename:join(filename:dirname(filename:dirname(code:which(?MODULE))), "priv");
        Directory ->
            Directory
    end.

%% @doc The full name of one of the native files.
-spec file(string()) -> file:filename_all().
file(Name) ->
    filename:absname(filename:join(directory(), Name)).

%% @doc Loads the library. Whether it is there is looked at first: a module that fails to load is reported in the log,
%% and a library that was not built yet is no more than a line for the person who asked.
-spec load() -> ok | beamtap_error:error().
load() ->
    Library = file("libbeamtap_nif.so"),
    case erlang:module_loaded(beamtap_nif) orelse filelib:is_regular(Library) of
        true ->
            case code:ensure_loaded(beamtap_nif) of
                {module, beamtap_nif} -> calibrate();
                {error, _} -> unloadable(Library)
            end;
        false ->
            beamtap_error:new(
                no_native_library,
                ["the native library ", Library, " is missing"],
                "run scripts/build-native, or name its directory in " ?ENVIRONMENT
            )
    end.

unloadable(Library) ->
    beamtap_error:new(
        no_native_library,
        ["the VM does not load ", Library, "; its log says why"],
        "run scripts/build-native on this machine"
    ).

%% @doc Loads the library and opens the LTTng-UST provider, so that LTTng sees this VM and its events.
-spec load_provider() -> ok | beamtap_error:error().
load_provider() ->
    maybe_then(load(), fun() ->
        case beamtap_nif:open_provider(unicode:characters_to_binary(file("libbeamtap_provider.so"))) of
            ok ->
                ok = beamtap_definitions:watch(),
                offer_otp_events();
            {error, _} = Error -> beamtap_error:from_native(Error)
        end
    end).

%% OTP's own events are for people who follow its LTTng guide: where they cannot be had, all else works. A VM that was
%% built with them keeps its own.
offer_otp_events() ->
    Library = unicode:characters_to_binary(file("libbeamtap_provider_otp.so")),
    _ = beamtap_nif:open_otp_provider(Library, erlang:system_info(dynamic_trace)),
    ok.

maybe_then(ok, Next) -> Next();
maybe_then(Error, _) -> Error.

%% Once: the library reads what it learnt while it traces.
calibrate() ->
    case persistent_term:get(?MODULE, unknown) of
        calibrated -> ok;
        unknown -> learn()
    end.

learn() ->
    Powers = [0 | [1 bsl Bit || Bit <- lists:seq(0, ?MAX_BIT)]],
    Places = lists:usort([{N, 0} || N <- Powers] ++ [{0, S} || S <- Powers] ++ [{32767, 5}, {21845, 2730}]),
    Pids = [{Pid, N, S} || {N, S} <- Places, {ok, Pid} <- [pid(N, S)]],
    Ports = [{Port, N} || N <- [21845 | Powers], {ok, Port} <- [port(N)]],
    case beamtap_nif:calibrate(lists:usort([own() | Pids]), Ports) of
        ok ->
            persistent_term:put(?MODULE, calibrated);
        {error, unknown_layout} ->
            beamtap_error:new(
                unknown_layout,
                ["OTP ", erlang:system_info(otp_release), " writes pids in a way that beamtap does not know"],
                "report it with the output of erlang:system_info(version)"
            )
    end.

own() ->
    [_, Number, Serial] = string:lexemes(pid_to_list(self()), "<.>"),
    {self(), list_to_integer(Number), list_to_integer(Serial)}.

pid(Number, Serial) ->
    Text = lists:flatten(io_lib:format("<0.~b.~b>", [Number, Serial])),
    try
        {ok, list_to_pid(Text)}
    catch
        error:badarg -> none
    end.

port(Number) ->
    try
        {ok, list_to_port("#Port<0." ++ integer_to_list(Number) ++ ">")}
    catch
        error:badarg -> none
    end.
