%% @private
%% Words what goes wrong between two nodes. See {@link beamtap_wording}.
-module(beamtap_words_attach).

-export([words/2]).

-import(beamtap_language, [either/3, term/2, call/3]).

%% @doc Message and remedy; `none' for what is worded elsewhere.
-spec words(map(), beamtap_language:language()) -> {unicode:chardata(), unicode:chardata()} | none.
%% The way there.
words(#{reason := bad_node, node := Node}, L) ->
    {["invalid node name ", term(L, Node)], "a node's name is NAME@HOST"};
words(#{reason := no_cookie, file := File, cause := Cause}, _) ->
    {["cannot read the cookie file ", File, ": ", posix(Cause)], "run this as the user that runs the node, or as root"};
words(#{reason := not_distributed, cause := Cause}, L) ->
    {["this VM cannot become a node: ", term(L, Cause)], "to see why, run erl -sname anything"};
words(#{reason := no_node, host := Host, names := []}, _) ->
    {[Host, " has no node"], nodes_of_host()};
words(#{reason := no_node, host := Host, name := Name, names := Names}, _) ->
    {[Host, " has no node ", Name, ", but ", lists:join(", ", Names)], nodes_of_host()};
words(#{reason := no_node, host := Host}, _) ->
    {
        ["no node on ", Host, ": no epmd answers there"],
        "check the host's name and that the node is distributed (-sname or -name); epmd listens on port 4369"
    };
words(#{reason := other_name, node := Node, name := Name}, _) ->
    {[atom_to_list(Node), " is called ", atom_to_list(Name), ": ", domain(Node, Name)], ["use the node's own name: ", atom_to_list(Name)]};
words(#{reason := not_let_in, node := Node}, _) ->
    {
        [atom_to_list(Node), " refuses the connection: its cookie is probably different"],
        "pass the node's cookie; of another user's node it is in that user's ~/.erlang.cookie"
    };
words(#{reason := node_lost, node := Node, why := connection}, _) ->
    {["lost the connection to ", atom_to_list(Node)], "nothing to do: a node that lives removes beamtap by itself"};
words(#{reason := node_lost, node := Node, why := left}, _) ->
    {["the connection to ", atom_to_list(Node), " was lost, and beamtap has left the node"], "attach again"};
words(#{reason := node_lost, node := Node, cause := Cause}, L) ->
    {[atom_to_list(Node), " does not answer: ", term(L, Cause)], "try again"};
%% What is there.
words(#{reason := old_release, node := Node, release := Release, oldest := Oldest}, _) ->
    {[atom_to_list(Node), " runs OTP ", Release], ["beamtap needs OTP ", integer_to_list(Oldest), " or later"]};
words(#{reason := other_machine, node := Node, there := There, here := Here}, _) ->
    {
        [atom_to_list(Node), " runs on ", machine(There), ", but the libraries here are built for ", machine(Here)],
        "attach from a machine of the same kind, with beamtap built there"
    };
words(#{reason := attached_already, node := Node}, _) ->
    {["somebody else is attached to ", atom_to_list(Node)], "only one can be attached at a time: try again later"};
words(#{reason := has_beamtap, node := Node}, L) ->
    {
        [atom_to_list(Node), " already has beamtap"],
        ["use it there: ", either(L, "erl", "iex"), either(L, " -remsh ", " --remsh "), atom_to_list(Node), ", ", call(L, start, ["..."])]
    };
words(#{reason := other_library, node := Node}, _) ->
    {
        [atom_to_list(Node), " has another build of beamtap's library mapped, from an earlier attachment"],
        "attach with that build, or restart the node first"
    };
words(#{reason := no_target, node := Node, target := Target}, _) ->
    {
        [atom_to_list(Node), " has no process ", Target],
        "a target is all, new, existing, a registered name, or a pid as the node writes it"
    };
%% What is brought there.
words(#{reason := no_resource, file := File, cause := Cause}, _) ->
    {["cannot read ", File, ": ", posix(Cause)], "run this from a build of beamtap, or from a release that contains it"};
words(#{reason := no_resource, module := Module}, _) ->
    {["the code of ", atom_to_list(Module), " is missing"], "build beamtap again"};
words(#{reason := no_native_library, node := Node, module := Module}, _) ->
    {
        [atom_to_list(Node), " cannot load the library of ", atom_to_list(Module), "; its log says why"],
        "build beamtap on a machine with the same C library or an older one"
    };
words(#{reason := no_native_library, node := Node, file := File}, _) ->
    {[atom_to_list(Node), " cannot read ", File], "let beamtap send the file, or put it where the node's user can read it"};
words(#{reason := no_native_library, file := File}, _) ->
    {[File, " is missing"], "run scripts/build-native, or name its directory in BEAMTAP_NATIVE_DIR"};
words(#{reason := not_loaded, node := Node, module := Module, cause := Cause, release := Release}, _) ->
    {
        [atom_to_list(Node), " cannot load ", atom_to_list(Module), ": ", atom_to_list(Cause)],
        ["it runs OTP ", Release, ", this is OTP ", erlang:system_info(otp_release), ": compile beamtap with that release"]
    };
words(#{reason := not_loaded, node := Node, cause := Cause}, L) ->
    {[atom_to_list(Node), " cannot load beamtap: ", term(L, Cause)], "see the node's log"};
words(#{reason := no_directory, node := Node, directory := Directory, cause := Cause}, L) ->
    {
        ["cannot make a private directory ", Directory, " on ", atom_to_list(Node), ": ", term(L, Cause)],
        "remove what is there, or make the node's TMPDIR (or /tmp) writable"
    };
words(#{reason := no_directory, node := Node, file := File, cause := Cause}, _) ->
    {["cannot write ", File, " on ", atom_to_list(Node), ": ", posix(Cause)], "free space on that disk"};
words(#{reason := nothing_kept}, _) ->
    {"the flight recorder reached a limit before it was written", "leave --events and --rate out"};
words(_, _) ->
    none.

nodes_of_host() -> "epmd -names lists the nodes of a host".

posix(Cause) -> file:format_error(Cause).

machine({Processor, Library}) -> [Processor, " (", Library, ")"].

domain(Node, Other) ->
    case {is_long(Node), is_long(Other)} of
        {false, true} -> "it has a long name (-name), and this is a short one";
        {true, false} -> "it has a short name (-sname), and this is a long one";
        _ -> "the host is another"
    end.

is_long(Node) -> lists:member($., atom_to_list(Node)).
