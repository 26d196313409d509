%% @private
%% Where the native files are: libraries and beamtapd. Calls nothing of beamtap's, so that beamtap_nif can call it.
-module(beamtap_files).

-export([directory/0, file/1]).

-define(ENVIRONMENT, "BEAMTAP_NATIVE_DIR").

%% @doc The directory of the native files. The first of these that is set: the application's `native_dir' (on a node that
%% beamtap was attached to), `BEAMTAP_NATIVE_DIR', priv/native of the application, priv/native beside the directory that
%% this module was loaded from.
-spec directory() -> file:filename_all().
directory() ->
    case {application:get_env(beamtap, native_dir), os:getenv(?ENVIRONMENT)} of
        {{ok, Directory}, _} -> Directory;
        {undefined, Directory} when is_list(Directory), Directory =/= "" -> Directory;
        _ -> filename:join(priv(), "native")
    end.

priv() ->
    case code:priv_dir(beamtap) of
        {error, bad_name} ->
            filename:join(filename:dirname(filename:dirname(code:which(?MODULE))), "priv");
        Directory ->
            Directory
    end.

%% @doc The absolute name of a native file.
-spec file(string()) -> file:filename_all().
file(Name) ->
    filename:absname(filename:join(directory(), Name)).
