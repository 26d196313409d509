%% @private
%% Known faults of run-time systems that tracing triggers: one table for `start/2', `doctor/0' and docs/FAILURES.md. Pure.
-module(beamtap_hazards).

-export([all/0, of_class/2, erts/0]).
-export_type([hazard/0]).

%% A fault of run-time systems from `from' on and before `fixed'. If the fix is not known, `fixed' is the first version that was
%% not tried. `refuse': the VM crashes for sure. `beside': only with another trace session. `bifs': only with a built-in
%% function.
-type hazard() :: #{
    from := version(),
    fixed := version(),
    classes := [beamtap_spec:class()],
    verdict := refuse | warn,
    beside := boolean(),
    bifs := boolean(),
    finding := binary(),
    remedy := binary()
}.
-type version() :: [non_neg_integer()].

%% @doc All of them.
-spec all() -> [hazard()].
all() ->
    [
        #{
            from => [],
            fixed => [13, 2],
            classes => [running, exiting, garbage_collection],
            verdict => warn,
            beside => false,
            bifs => false,
            finding => <<"OTP before 25.3 can crash when a process on a dirty scheduler is traced (erlang/otp#6448)">>,
            remedy => <<"use OTP 25.3 or later, or trace named processes only">>
        },
        #{
            from => [15],
            fixed => [18],
            classes => [garbage_collection],
            verdict => refuse,
            beside => true,
            bifs => false,
            finding => <<"OTP 27 to 29 crash when two trace sessions see one process collect garbage (erlang/otp#11624)">>,
            remedy => <<"end the other trace session, or leave garbage_collection out">>
        },
        #{
            from => [15],
            fixed => [16, 2],
            classes => [call, return_to],
            verdict => warn,
            beside => true,
            bifs => true,
            finding => <<"ERTS 15.0 to 16.1 end one session's tracing of a built-in function when another session ends its own (OTP-19840)">>,
            remedy => <<"use ERTS 16.2 or later, or end the other trace session">>
        }
    ].

%% @doc The faults that concern a class in a run-time system.
-spec of_class(version(), beamtap_spec:class()) -> [hazard()].
of_class(Erts, Class) ->
    [
        Hazard
     || #{from := From, fixed := Fixed, classes := Classes} = Hazard <- all(),
        lists:member(Class, Classes), Erts >= From, Erts < Fixed
    ].

%% @doc The version of this run-time system as numbers.
-spec erts() -> version().
erts() ->
    [list_to_integer(Part) || Part <- string:lexemes(erlang:system_info(version), "."), is_number_text(Part)].

is_number_text(Text) ->
    lists:all(fun(C) -> C >= $0 andalso C =< $9 end, Text).
