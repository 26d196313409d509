%% @private
%% How a node calls itself: it says so to whoever connects, before it asks for a proof that the cookie is known.
-module(beamtap_handshake).

-export([name/2]).

%% The first messages of the distribution protocol of OTP 23 and later.
-define(TIMEOUT_MS, 2000).

%% @doc The name of the node that epmd on Host knows as Name; `unknown' where nobody answers so, as with distribution
%% over TLS. This VM must be a node.
-spec name(string(), string()) -> {ok, node()} | unknown.
name(Name, Host) ->
    case erl_epmd:port_please(Name, Host, ?TIMEOUT_MS) of
        {port, Port, _} ->
            case gen_tcp:connect(Host, Port, [binary, {active, false}, {packet, 2}], ?TIMEOUT_MS) of
                {ok, Socket} ->
                    try
                        asked(Socket)
                    catch
                        %% A release that does not have its flags there.
                        error:_ -> unknown
                    after
                        gen_tcp:close(Socket)
                    end;
                {error, _} ->
                    unknown
            end;
        _ ->
            unknown
    end.

asked(Socket) ->
    Own = atom_to_binary(node()),
    Flags = element(2, erts_internal:get_dflags()),
    Creation = erlang:system_info(creation),
    case gen_tcp:send(Socket, <<"N", Flags:64, Creation:32, (byte_size(Own)):16, Own/binary>>) of
        ok -> answered(Socket);
        {error, _} -> unknown
    end.

%% Its status, and then its challenge, with its name.
answered(Socket) ->
    case {gen_tcp:recv(Socket, 0, ?TIMEOUT_MS), gen_tcp:recv(Socket, 0, ?TIMEOUT_MS)} of
        {{ok, <<"s", _/binary>>}, {ok, <<"N", _Flags:64, _Challenge:32, _Creation:32, Size:16, Name:Size/binary, _/binary>>}} ->
            {ok, binary_to_atom(Name)};
        _ ->
            unknown
    end.
