%% @private
%% Connects to another node. Makes this VM a hidden node with a random name where it is not a node yet, and finds out why a
%% connection fails.
-module(beamtap_distribution).

-export([connect/2, disconnect/2]).
-export_type([way/0]).

%% Whether this VM was a node before.
-type way() :: own | made.
-type secret() :: none | {cookie, string()} | {cookie_file, file:filename_all()}.

-define(RANDOM_BYTES, 6).
-define(HANDSHAKE_MS, 2000).

%% @doc Connects to Node. With `none' the cookie is the one this user's nodes have (`$HOME/.erlang.cookie').
-spec connect(node(), secret()) -> {ok, way()} | beamtap_error:error().
connect(Node, Secret) ->
    case {split(Node), cookie(Secret)} of
        {{ok, Name, Host}, {ok, Cookie}} ->
            case become_node(Host) of
                {ok, Way} ->
                    Known = erlang:get_cookie(Node),
                    Cookie =:= none orelse erlang:set_cookie(Node, Cookie),
                    case net_kernel:hidden_connect_node(Node) of
                        true ->
                            {ok, Way};
                        _ ->
                            erlang:set_cookie(Node, Known),
                            disconnect(Node, Way),
                            refused(Node, Name, Host)
                    end;
                {error, _} = Error ->
                    Error
            end;
        {{error, _} = Error, _} ->
            Error;
        {_, {error, _} = Error} ->
            Error
    end.

%% @doc Ends what connect/2 began.
-spec disconnect(node(), way()) -> ok.
disconnect(_Node, made) ->
    _ = net_kernel:stop(),
    ok;
disconnect(Node, own) ->
    _ = erlang:disconnect_node(Node),
    ok.

split(Node) ->
    case string:split(atom_to_list(Node), "@") of
        [[_ | _] = Name, [_ | _] = Host] ->
            {ok, Name, Host};
        _ ->
            {error, #{reason => bad_node, node => Node}}
    end.

cookie(none) ->
    {ok, none};
cookie({cookie, Cookie}) ->
    {ok, list_to_atom(Cookie)};
cookie({cookie_file, File}) ->
    case file:read_file(File) of
        {ok, Text} ->
            {ok, binary_to_atom(string:trim(Text))};
        {error, Reason} ->
            {error, #{reason => no_cookie, file => File, cause => Reason}}
    end.

become_node(Host) ->
    case is_alive() of
        true -> {ok, own};
        false -> make_node(Host)
    end.

%% Nobody can connect to us, so no epmd has to be here, and no name is looked up.
make_node(Host) ->
    Domain =
        case lists:member($., Host) of
            true -> longnames;
            false -> shortnames
        end,
    Random = binary_to_list(binary:encode_hex(rand:bytes(?RANDOM_BYTES))),
    Name = list_to_atom("beamtap-" ++ string:lowercase(Random) ++ "@" ++ Host),
    case net_kernel:start(Name, #{name_domain => Domain, hidden => true, dist_listen => false}) of
        {ok, _} ->
            {ok, made};
        {error, Reason} ->
            {error, #{reason => not_distributed, cause => Reason}}
    end.

refused(Node, Name, Host) ->
    case net_adm:names(Host) of
        {ok, Known} ->
            Names = [Known1 || {Known1, _} <- Known],
            case lists:member(Name, Names) of
                true -> not_let_in(Node, own_name(Name, Host));
                false -> {error, #{reason => no_node, host => Host, name => Name, names => lists:sort(Names)}}
            end;
        {error, _} ->
            {error, #{reason => no_node, host => Host}}
    end.

%% A node refuses a connection that calls it by another name than its own.
not_let_in(Node, {ok, Other}) when Other =/= Node -> {error, #{reason => other_name, node => Node, name => Other}};
not_let_in(Node, _) -> {error, #{reason => not_let_in, node => Node}}.

%%% Its own name

%% A node tells its name to whoever connects, before it asks for proof of the cookie. These are the first messages of the
%% distribution protocol of OTP 23 and later. `unknown' where nobody answers so, as with distribution over TLS.
own_name(Name, Host) ->
    case erl_epmd:port_please(Name, Host, ?HANDSHAKE_MS) of
        {port, Port, _} ->
            case gen_tcp:connect(Host, Port, [binary, {active, false}, {packet, 2}], ?HANDSHAKE_MS) of
                {ok, Socket} ->
                    try
                        greet(Socket)
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

greet(Socket) ->
    Own = atom_to_binary(node()),
    Flags = element(2, erts_internal:get_dflags()),
    Creation = erlang:system_info(creation),
    case gen_tcp:send(Socket, <<"N", Flags:64, Creation:32, (byte_size(Own)):16, Own/binary>>) of
        ok -> greeted(Socket);
        {error, _} -> unknown
    end.

%% Its status, and then its challenge, with its name. OTP 29 does not load code from an older compiler in which a match skips
%% bits or tests for whole bytes.
greeted(Socket) ->
    case {gen_tcp:recv(Socket, 0, ?HANDSHAKE_MS), gen_tcp:recv(Socket, 0, ?HANDSHAKE_MS)} of
        {{ok, <<"s", _/bits>>}, {ok, <<"N", Challenge/bits>>}} ->
            %% Flags of 8 bytes, the challenge and the creation of 4 each, the name's length of 2.
            Size = binary:decode_unsigned(binary:part(Challenge, 16, 2)),
            {ok, binary_to_atom(binary:part(Challenge, 18, Size))};
        _ ->
            unknown
    end.
