%% @private
%% Functions that may be called again before they return: those on a cycle of last calls.
%%
%% A call that is recorded with its return leaves a frame on the process's stack until the function returns. A function
%% on such a cycle does not return, so each pass leaves one more: the stack grows for as long as the loop runs, and each
%% call takes longer than the one before. Functions on the way count whether or not they are traced themselves.
-module(beamtap_loops).

-export([find/1]).
-export_type([found/0, loop/0]).

%% The next function on the cycle, which is itself where it calls itself; `known' where the code is not at hand and it is
%% a loop of OTP's.
-type loop() :: mfa() | known.
%% `unsure': where a fun, apply, or code that is not at hand decides what is called last. `unread': the modules of the
%% functions asked for whose code is not at hand.
-type found() :: #{loops := #{mfa() => loop()}, unsure := [mfa()], unread := [module()]}.

%% How many modules beside those asked for are read at the most.
-define(MAX_OTHERS, 64).
%% The loops of OTP's behaviours.
-define(KNOWN, #{
    gen_server => [loop, decode_msg, handle_msg, handle_common_reply, wake_hib, system_continue],
    gen_event => [loop, fetch_msg, handle_msg, wake_hib, system_continue],
    gen_fsm => [loop, decode_msg, handle_msg, wake_hib, system_continue],
    proc_lib => [init_p, init_p_do_apply, wake_up]
}).

%% @doc What is known of these functions.
-spec find([mfa()]) -> found().
find(Functions) ->
    Asked = maps:from_keys([M || {M, _, _} <- Functions], []),
    {Edges, Read} = follow(Functions, #{}, #{}, Asked),
    Graph = digraph:new(),
    try
        _ = [digraph:add_vertex(Graph, V) || V <- [anything | maps:keys(Edges)]],
        _ = [digraph:add_edge(Graph, From, To) || {From, Targets} <- maps:to_list(Edges), To <- Targets, is_vertex(To, Edges)],
        Wanted = maps:from_keys(Functions, []),
        Unsure = [F || F <- digraph_utils:reaching([anything], Graph), is_map_key(F, Wanted)],
        Loops = maps:from_list([
            {F, next(F, map_get(F, Edges), maps:from_keys(Component, []))}
         || Component <- digraph_utils:cyclic_strong_components(Graph), F <- Component, is_map_key(F, Wanted)
        ]),
        Unread = [M || M <- maps:keys(Asked), map_get(M, Read) =:= unknown],
        Known = maps:from_keys([F || F <- Functions, is_known(F, Unread)], known),
        #{loops => maps:merge(Known, Loops), unsure => Unsure, unread => Unread}
    after
        digraph:delete(Graph)
    end.

next(F, Targets, Component) ->
    case lists:member(F, Targets) of
        true -> F;
        false -> hd([Target || Target <- Targets, is_map_key(Target, Component)])
    end.

is_vertex(To, Edges) -> To =:= anything orelse is_map_key(To, Edges).

is_known({M, F, _}, Unread) ->
    lists:member(M, Unread) andalso
        case M of
            %% Its loop changes from release to release; what it exports calls into it.
            gen_statem -> lists:prefix("loop", atom_to_list(F)) orelse F =:= wakeup_from_hibernate;
            _ -> lists:member(F, maps:get(M, ?KNOWN, []))
        end.

%% All that these functions reach by last calls.
follow([], Edges, Read, _) ->
    {Edges, Read};
follow([anything | Rest], Edges, Read, Asked) ->
    follow(Rest, Edges, Read, Asked);
follow([F | Rest], Edges, Read, Asked) when is_map_key(F, Edges) ->
    follow(Rest, Edges, Read, Asked);
follow([{M, _, _} = F | Rest], Edges, Read, Asked) when is_map_key(M, Read) ->
    Targets =
        case map_get(M, Read) of
            {ok, #{F := Calls}} -> Calls;
            {ok, #{}} -> [];
            unknown -> [anything];
            %% None of the VM's own modules calls back.
            preloaded -> []
        end,
    follow(Targets ++ Rest, Edges#{F => Targets}, Read, Asked);
follow([{M, _, _} | _] = Functions, Edges, Read, Asked) ->
    Calls =
        case code:is_loaded(M) of
            {file, preloaded} -> preloaded;
            _ when is_map_key(M, Asked); map_size(Read) - map_size(Asked) < ?MAX_OTHERS -> beamtap_tail_calls:of_module(M);
            _ -> unknown
        end,
    follow(Functions, Edges, Read#{M => Calls}, Asked).
