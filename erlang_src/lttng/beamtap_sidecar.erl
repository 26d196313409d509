%% @private
%% Runs beamtapd beside the VM and shows what it prints.
-module(beamtap_sidecar).

-export([report/2, lines/2, watch/2, put_chars/1, ended/1, has_canary/3, capture/2, find/0]).

%% On top of the time that beamtapd was given.
-define(GRACE_MS, 2000).
%% The beginning of a line that says why beamtapd cannot answer.
-define(REASON, "beamtapd: ").

%% @doc Prints the report of the trace in a directory to the caller's group leader.
-spec report(file:filename_all(), [string()]) -> ok | beamtap_error:error().
report(Path, Options) ->
    %% The width of the caller's terminal, which is not always that of the VM.
    Width = case io:columns() of {ok, Columns} -> ["--width=" ++ integer_to_list(Columns)]; {error, _} -> [] end,
    run(["report", Path | Width ++ Options]).

%% @doc Prints at most Most lines of what beamtapd writes. Returns how many, and whether they were all.
-spec lines([file:filename_all()], Most :: pos_integer() | infinity) ->
    {ok, non_neg_integer(), whole | cut} | beamtap_error:error().
lines(Arguments, Most) ->
    case find() of
        {ok, Executable} ->
            case open(Executable, Arguments) of
                {ok, Port} -> lines(Port, <<>>, 0, Most);
                {error, _} = Error -> Error
            end;
        {error, _} = Error ->
            Error
    end.

lines(Port, Rest, Count, Most) ->
    receive
        {Port, {data, Data}} ->
            {Whole, Last} = whole_lines(<<Rest/binary, Data/binary>>),
            case Count + length(Whole) of
                %% The first line may say why there are no others.
                1 when Count =:= 0, Last =:= <<>>, hd(Whole) =/= <<>> -> lines(Port, <<(hd(Whole))/binary, "\n">>, 0, Most);
                More when More > Most ->
                    true = erlang:port_close(Port),
                    ok = forget(Port),
                    ok = put_lines(lists:sublist(Whole, Most - Count)),
                    {ok, Most, cut};
                More ->
                    ok = put_lines(Whole),
                    lines(Port, Last, More, Most)
            end;
        {Port, {exit_status, 0}} ->
            {Whole, _} = whole_lines(Rest),
            ok = put_lines(Whole),
            {ok, Count + length(Whole), whole};
        {Port, {exit_status, _}} when Count =:= 0, Rest =/= <<>> ->
            refused(Rest);
        {Port, {exit_status, Status}} ->
            ended(Status)
    end.

%% Messages of a port that is closed now.
forget(Port) ->
    receive
        {Port, _} -> forget(Port)
    after 0 -> ok
    end.

whole_lines(Text) ->
    {Whole, [Last]} = lists:split(length(binary:matches(Text, <<"\n">>)), binary:split(Text, <<"\n">>, [global])),
    {Whole, Last}.

put_lines(Lines) ->
    <<>> = put_chars(<<<<Line/binary, "\n">> || Line <- Lines>>),
    ok.

%% @doc Turns a live LTTng session into lines. The port delivers them, and at last beamtapd's exit status. Closing the port ends
%% beamtapd.
-spec watch(binary(), [string()]) -> {ok, port()} | beamtap_error:error().
watch(Url, Options) ->
    case find() of
        {ok, Executable} -> open(Executable, ["watch", Url, "--while-input" | Options]);
        {error, _} = Error -> Error
    end.

%% @doc Whether the canary with this number is in the trace within so many milliseconds.
-spec has_canary(file:filename_all(), {non_neg_integer(), non_neg_integer()}, pos_integer()) ->
    boolean() | beamtap_error:error().
has_canary(Path, {High, Low}, WithinMs) ->
    Numbers = [integer_to_list(N) || N <- [High, Low]],
    Arguments = ["canary", "--within", integer_to_list(WithinMs), "--", Path | Numbers],
    case find() of
        {ok, Executable} ->
            case open(Executable, Arguments) of
                {ok, Port} -> succeeds(Port, WithinMs + ?GRACE_MS);
                {error, _} = Error -> Error
            end;
        {error, _} = Error ->
            Error
    end.

succeeds(Port, Timeout) ->
    receive
        {Port, {data, _}} -> succeeds(Port, Timeout);
        {Port, {exit_status, Status}} -> Status =:= 0
    after Timeout ->
        true = erlang:port_close(Port),
        false
    end.

%% @doc Runs beamtapd and returns its exit status and what it printed.
-spec capture([file:filename_all()], Ms :: pos_integer()) -> {0..255, binary()} | timeout | beamtap_error:error().
capture(Arguments, Ms) ->
    case find() of
        {ok, Executable} ->
            case open(Executable, Arguments) of
                {ok, Port} -> collect(Port, <<>>, beamtap_deadline:within(Ms));
                {error, _} = Error -> Error
            end;
        {error, _} = Error ->
            Error
    end.

collect(Port, Said, Deadline) ->
    receive
        {Port, {data, Data}} -> collect(Port, <<Said/binary, Data/binary>>, Deadline);
        {Port, {exit_status, Status}} -> {Status, Said}
    after beamtap_deadline:remaining(Deadline) ->
        true = erlang:port_close(Port),
        timeout
    end.

%% @doc beamtapd's file: beside the native libraries, or on the PATH.
-spec find() -> {ok, file:filename()} | beamtap_error:error().
find() ->
    File = beamtap_files:file("beamtapd"),
    case filelib:is_regular(File) andalso os:find_executable(File) of
        Found when is_list(Found) ->
            {ok, Found};
        false ->
            case os:find_executable("beamtapd") of
                false ->
                    {error, #{reason => no_beamtapd, file => File, cause => missing}};
                Found ->
                    {ok, Found}
            end
    end.

run(Arguments) ->
    case find() of
        {ok, Executable} -> run(Executable, Arguments);
        {error, _} = Error -> Error
    end.

run(Executable, Arguments) ->
    case open(Executable, Arguments) of
        {ok, Port} -> relay(Port, <<>>);
        {error, _} = Error -> Error
    end.

open(Executable, Arguments) ->
    try
        {ok,
            open_port({spawn_executable, Executable}, [
                {args, Arguments}, exit_status, binary, stderr_to_stdout, use_stdio, hide
            ])}
    catch
        error:Reason ->
            {error, #{reason => no_beamtapd, file => Executable, cause => Reason}}
    end.

%% A single line may say why nothing else comes. It is then returned as the error instead of printed.
relay(Port, Held) ->
    receive
        {Port, {data, Data}} ->
            Said = <<Held/binary, Data/binary>>,
            case is_reason(Said) of
                true -> relay(Port, Said);
                false -> print(Port, put_chars(Said))
            end;
        {Port, {exit_status, Status}} when Status =/= 0, Held =/= <<>> ->
            refused(Held);
        {Port, {exit_status, Status}} ->
            ended(Status)
    end.

%% A character may be cut where a message of the port ends.
print(Port, Rest) ->
    receive
        {Port, {data, Data}} ->
            print(Port, put_chars(<<Rest/binary, Data/binary>>));
        {Port, {exit_status, Status}} ->
            ok = io:put_chars(unicode:characters_to_list(Rest, latin1)),
            ended(Status)
    end.

is_reason(Said) ->
    Size = min(byte_size(Said), byte_size(<<?REASON>>)),
    binary:part(Said, 0, Size) =:= binary:part(<<?REASON>>, 0, Size) andalso length(binary:split(Said, <<"\n">>, [global, trim])) =< 1.

refused(Said) ->
    [First | _] = binary:split(Said, <<"\n">>),
    {error, #{reason => beamtapd_failed, cause => reason(First)}}.

reason(<<?REASON, Line/binary>>) -> string:trim(Line);
reason(<<"error: ", Line/binary>>) -> string:trim(Line);
reason(Line) -> string:trim(Line).

%% @doc Prints what beamtapd wrote, and returns the bytes of a character that is not complete yet.
-spec put_chars(binary()) -> binary().
put_chars(Bytes) ->
    case unicode:characters_to_binary(Bytes) of
        Whole when is_binary(Whole) ->
            ok = io:put_chars(Whole),
            <<>>;
        {incomplete, Whole, Rest} ->
            ok = io:put_chars(Whole),
            Rest;
        {error, Whole, <<Byte, Rest/binary>>} ->
            ok = io:put_chars([Whole, Byte]),
            put_chars(Rest)
    end.

%% @doc What beamtapd's exit status means.
-spec ended(non_neg_integer()) -> ok | beamtap_error:error().
ended(0) ->
    ok;
ended(Status) ->
    {error, #{reason => beamtapd_failed, status => Status}}.
