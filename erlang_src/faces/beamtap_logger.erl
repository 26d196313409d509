%% @doc A logger handler that puts log events on the timeline of whatever records, as marks.
%%
%% ```
%% ok = logger:add_handler(beamtap, beamtap_logger, #{level => info}).
%% '''
%% In Elixir `:logger.add_handler(:beamtap, :beamtap_logger, %{level: :info})'. A mark carries the level and the message on
%% one line, `[error] no such user: 17', of at most 1024 bytes. To write something else, set `formatter' in the handler's
%% configuration. The mark is made in, and names, the process that logs. While nobody records marks, a log event costs next
%% to nothing. A failure here does not stop logging.
-module(beamtap_logger).

-export([adding_handler/1, log/2]).

%% As many characters as can be in a mark's bytes.
-define(CHARACTERS, 1024).
-define(FORMATTER,
    {logger_formatter, #{
        single_line => true, template => ["[", level, "] ", msg], chars_limit => ?CHARACTERS, depth => 30
    }}
).

%% @doc Logger calls it when the handler is added. Sets a formatter that writes one line, unless one is given.
-spec adding_handler(logger:handler_config()) -> {ok, logger:handler_config()}.
adding_handler(#{formatter := {logger_formatter, Empty}} = Config) when map_size(Empty) =:= 0 ->
    {ok, Config#{formatter := ?FORMATTER}};
adding_handler(#{formatter := _} = Config) ->
    {ok, Config};
adding_handler(Config) ->
    {ok, Config#{formatter => ?FORMATTER}}.

%% @doc Logger calls it in the process that logs.
-spec log(logger:log_event(), logger:handler_config()) -> ok.
log(Event, #{formatter := {Formatter, Settings}}) ->
    %% Logger would log a failure here in turn, and remove the handler.
    try
        erlang:module_loaded(beamtap_nif) andalso beamtap_nif:records_marks() andalso
            beamtap_nif:mark(Formatter:format(Event, Settings))
    of
        _ -> ok
    catch
        _:_ -> ok
    end;
log(_, _) ->
    ok.
