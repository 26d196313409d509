%% Cases that do not run where they are: because the machine cannot, which fails where CI is set, or because they are
%% another's.
-module(beamtap_skip).

-export([cannot_run/1, missing/1, other_vm/2]).

%% Cases that some VMs cannot run, and who runs them on those that can: `make test' on OTP 25, the matrix on newer ones.
-define(OTHER_VMS, #{
    {beamtap_neighbours_SUITE, garbage_collection_beside_a_session} => "make test-matrix runs it: it needs trace sessions, of OTP 27",
    {beamtap_loads_SUITE, taken_meta_trace} => "make test runs it: from OTP 27 on a tap has a meta trace of its own"
}).
%% What the matrix's systems are unpacked without; `make test' has it.
-define(NOT_IN_MATRIX, ["iex", "edoc"]).

%% @doc For a case, or an init_per_suite, that cannot run here. scripts/test lists the reason at its end.
cannot_run(Reason) ->
    case os:getenv("CI", "") of
        "" ->
            listed(Reason),
            {skip, Reason};
        _ ->
            ct:fail("cannot run, and CI is set: ~ts", [Reason])
    end.

%% @doc The same, of a program or an application that is not installed.
missing(What) ->
    case os:getenv("BEAMTAP_MATRIX") =/= false andalso lists:member(What, ?NOT_IN_MATRIX) of
        true -> {skip, "make test runs it: the matrix has no " ++ What};
        false -> cannot_run(What ++ " is not installed")
    end.

%% @doc For a case that is about another VM: one of those above.
other_vm(Suite, Case) -> {skip, maps:get({Suite, Case}, ?OTHER_VMS)}.

listed(Reason) ->
    case os:getenv("BEAMTAP_SKIPPED") of
        false -> ok;
        File -> ok = file:write_file(File, ["Common Test: ", unicode:characters_to_binary(Reason), "\n"], [append])
    end.
