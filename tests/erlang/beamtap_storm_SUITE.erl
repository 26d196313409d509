%% The storm for a moment: its laws that are no question of time. `make storm' runs it in full.
-module(beamtap_storm_SUITE).

-export([all/0, suite/0, laws/1]).

suite() -> [{timetrap, {minutes, 5}}].

all() -> [laws].

laws(Config) ->
    Figures = beamtap_storm:compare(1500, beamtap_world:scratch(storm, Config)),
    ct:log("~p", [Figures]),
    [] = beamtap_storm:broken(Figures),
    beamtap_world:until(fun() ->
        #{daemons := Daemons} = beamtap_world:snapshot(),
        Daemons =:= [] orelse Daemons
    end).
