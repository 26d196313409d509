%% @private
%% Loads the native library and opens the LTTng-UST provider.
-module(beamtap_native).

-export([load/0, load_provider/0]).

%% The library learns from sample pids and ports how this release encodes them. One sample per bit, up to this one.
-define(MAX_BIT, 31).

%% @doc Loads the library. Looks for the file first: a module that fails to load is reported in the log, and a library that
%% is not built yet is only of interest to the caller.
-spec load() -> ok | beamtap_error:error().
load() ->
    Library = beamtap_files:file("libbeamtap_nif.so"),
    case erlang:module_loaded(beamtap_nif) orelse filelib:is_regular(Library) of
        true ->
            case code:ensure_loaded(beamtap_nif) of
                {module, beamtap_nif} -> calibrate();
                {error, _} -> {error, #{reason => no_native_library, file => Library, cause => not_loaded}}
            end;
        false ->
            {error, #{reason => no_native_library, file => Library, cause => missing}}
    end.

%% @doc Loads the library and opens the LTTng-UST provider, so that LTTng sees this VM and its events.
-spec load_provider() -> ok | beamtap_error:error().
load_provider() ->
    maybe_then(load(), fun() ->
        case beamtap_nif:open_provider(unicode:characters_to_binary(beamtap_files:file("libbeamtap_provider.so"))) of
            ok ->
                ok = beamtap_definitions:watch(),
                offer_otp_events();
            {error, _} = Error -> beamtap_error:from_native(Error)
        end
    end).

%% OTP's own events are for people who follow OTP's LTTng guide. Everything else works without them. A VM that was built
%% with them keeps its own.
offer_otp_events() ->
    Library = unicode:characters_to_binary(beamtap_files:file("libbeamtap_provider_otp.so")),
    _ = beamtap_nif:open_otp_provider(Library, erlang:system_info(dynamic_trace)),
    ok.

maybe_then(ok, Next) -> Next();
maybe_then(Error, _) -> Error.

%% Once per VM: the library reads what it has learnt while it traces.
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
            {error, #{reason => unknown_layout, otp_release => erlang:system_info(otp_release)}}
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
