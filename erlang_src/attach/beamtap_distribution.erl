%% @doc The way to another node: makes this VM a hidden node of a random name when it is none, connects, and says why
%% that did not work.
-module(beamtap_distribution).

-export([connect/2, disconnect/2]).
-export_type([way/0]).

%% Whether this VM was a node before.
-type way() :: own | made.
-type secret() :: none | {cookie, string()} | {cookie_file, file:filename_all()}.

-define(RANDOM_BYTES, 6).

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
            beamtap_error:new(
                bad_node, [beamtap_error:quote(Node), " is not the name of a node"], "a node's name is NAME@HOST"
            )
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
            beamtap_error:new(
                no_cookie,
                ["the cookie file ", File, " is not read: ", file:format_error(Reason)],
                "run this as the user that the node runs as, or as root"
            )
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
            beamtap_error:new(
                not_distributed,
                ["this VM does not become a node: ", beamtap_error:quote(Reason)],
                "erl -sname anything shows why"
            )
    end.

refused(Node, Name, Host) ->
    case net_adm:names(Host) of
        {ok, Known} ->
            Names = [Known1 || {Known1, _} <- Known],
            case lists:member(Name, Names) of
                true -> not_let_in(Node, beamtap_handshake:name(Name, Host));
                false -> no_node(Name, Host, Names)
            end;
        {error, _} ->
            beamtap_error:new(
                no_node,
                ["no epmd answers on ", Host, ", so no node is found there"],
                "check the host's name and that the node is distributed (-sname or -name); epmd listens on port 4369"
            )
    end.

no_node(Name, Host, Names) ->
    There =
        case Names of
            [] -> " has no node";
            _ -> [" has no node ", Name, ", but ", lists:join(", ", lists:sort(Names))]
        end,
    beamtap_error:new(no_node, [Host, There], "epmd -names lists the nodes of a host").

%% A node lets in only who calls it as it calls itself.
not_let_in(Node, {ok, Other}) when Other =/= Node ->
    beamtap_error:new(
        other_name,
        [atom_to_list(Node), " is called ", atom_to_list(Other), ": ", domain(Node, Other)],
        ["name it as it names itself: ", atom_to_list(Other)]
    );
not_let_in(Node, _) ->
    beamtap_error:new(
        not_let_in,
        [atom_to_list(Node), " is there and does not let us in: most likely its cookie is another"],
        "give its cookie; where it runs as another user that is in ~/.erlang.cookie of that user"
    ).

domain(Node, Other) ->
    case {is_long(Node), is_long(Other)} of
        {false, true} -> "it has a long name (-name), and this is a short one";
        {true, false} -> "it has a short name (-sname), and this is a long one";
        _ -> "the host part is another"
    end.

is_long(Node) -> lists:member($., atom_to_list(Node)).
