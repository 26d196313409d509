%% Publishes to a queue of a RabbitMQ broker on this machine, and consumes from it, until its input ends.
%% Compiled and run with RabbitMQ's plugins in ERL_LIBS: its own AMQP client is there.
-module(publisher).

-export([main/1]).

-include_lib("amqp_client/include/amqp_client.hrl").

-define(QUEUE, <<"beamtap">>).
%% So many are under way at once: the broker is busy, and nothing piles up.
-define(WINDOW, 200).
-define(TIMEOUT_MS, 30000).

%% @doc Says "publishing" when messages flow, and at the end how many came back.
-spec main([string()]) -> ok.
main([Port]) ->
    {ok, _} = application:ensure_all_started(amqp_client),
    {ok, Connection} = amqp_connection:start(#amqp_params_network{host = "127.0.0.1", port = list_to_integer(Port)}),
    {ok, Channel} = amqp_connection:open_channel(Connection),
    #'queue.declare_ok'{} = amqp_channel:call(Channel, #'queue.declare'{queue = ?QUEUE, auto_delete = true}),
    #'basic.consume_ok'{} = amqp_channel:subscribe(Channel, #'basic.consume'{queue = ?QUEUE, no_ack = true}, self()),
    receive #'basic.consume_ok'{} -> ok after ?TIMEOUT_MS -> exit(not_subscribed) end,
    Self = self(),
    _ = spawn_link(fun() -> eof = io:get_line(""), Self ! enough end),
    _ = [publish(Channel) || _ <- lists:seq(1, ?WINDOW)],
    Delivered = flow(Channel, 0),
    io:format("delivered ~b~n", [Delivered]),
    amqp_connection:close(Connection).

publish(Channel) ->
    Message = #amqp_msg{payload = <<"something to carry">>},
    amqp_channel:cast(Channel, #'basic.publish'{routing_key = ?QUEUE}, Message).

%% Each message that comes back is followed by a new one.
flow(Channel, Delivered) ->
    receive
        enough ->
            Delivered;
        {#'basic.deliver'{}, #amqp_msg{}} ->
            Delivered =:= ?WINDOW andalso io:format("publishing~n"),
            publish(Channel),
            flow(Channel, Delivered + 1)
    after ?TIMEOUT_MS ->
        exit(nothing_delivered)
    end.
