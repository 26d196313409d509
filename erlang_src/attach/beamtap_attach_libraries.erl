%% @private
%% The native files of a node that is attached to: read by their path, or sent; and which of them are still mapped.
-module(beamtap_attach_libraries).

-export([provide/2, fit/1, mapped/1]).

-include_lib("kernel/include/file.hrl").

%% What is known of an attachment that is being made.
-type settled() :: #{node := node(), guest := pid(), directory := file:filename(), libraries := path | sent, atom() => term()}.

-define(NIF, "libbeamtap_nif.so").
-define(FILES, [?NIF, "libbeamtap_provider.so", "libbeamtap_provider_otp.so", "beamtapd"]).
%% A file is sent in parts, so that the distribution's other messages pass between them.
-define(PART_BYTES, 1048576).
-define(TIMEOUT_MS, 60000).

%% @doc Makes the libraries readable for the node: at the path they have here, or by sending them.
-spec provide(settled(), auto | path | send) -> settled().
provide(#{node := Node} = Settled, How) ->
    Missing = [File || File <- ?FILES, not is_same_file(Node, beamtap_files:file(File))],
    Absent = [File || File <- ?FILES, not filelib:is_regular(beamtap_files:file(File))],
    Absent =:= [] orelse
        fail(#{reason => no_native_library, file => beamtap_files:file(hd(Absent))}),
    case {How, Missing} of
        {auto, []} ->
            Settled;
        {path, []} ->
            Settled;
        {path, [File | _]} ->
            fail(#{reason => no_native_library, node => Node, file => beamtap_files:file(File)});
        {_, _} ->
            send(Settled)
    end.

%% The same host is not enough: there are containers, and directories that another user cannot enter.
is_same_file(Node, File) ->
    Seen = fun
        ({ok, #file_info{access = Access} = Info}) when Access =:= read; Access =:= read_write ->
            #file_info{major_device = Device, inode = Inode, size = Size, mtime = Mtime} = Info,
            {Device, Inode, Size, Mtime};
        (_) ->
            unreadable
    end,
    Boot = "/proc/sys/kernel/random/boot_id",
    file:read_file(Boot) =:= erpc:call(Node, file, read_file, [Boot]) andalso
        Seen(file:read_file_info(File, [{time, posix}])) =:=
            Seen(erpc:call(Node, file, read_file_info, [File, [{time, posix}]])).

send(#{node := Node, guest := Guest} = Settled) ->
    Contents = [{Name, content(Name)} || Name <- ?FILES],
    Digest = binary:encode_hex(erlang:md5([Content || {_, Content} <- Contents])),
    Name = "beamtap-" ++ string:lowercase(binary_to_list(Digest)),
    case erpc:call(Node, beamtap_guest, receive_files, [Guest, Name]) of
        {ok, Directory} ->
            Sent = Settled#{libraries := sent, directory := Directory},
            _ = [send_file(Node, filename:join(Directory, File), Content) || {File, Content} <- Contents],
            Sent;
        {error, Reason} ->
            fail(#{reason => no_directory, node => Node, directory => Name, cause => Reason})
    end.

content(Name) ->
    {ok, Content} = file:read_file(beamtap_files:file(Name)),
    Content.

send_file(Node, File, Content) ->
    Mode =
        case filename:extension(File) of
            ".so" -> 8#600;
            _ -> 8#700
        end,
    send_parts(Node, File, Content, Mode).

send_parts(_, _, <<>>, _) ->
    ok;
send_parts(Node, File, Content, Mode) ->
    {Part, Rest} = split_binary(Content, min(?PART_BYTES, byte_size(Content))),
    case erpc:call(Node, beamtap_guest, append, [File, Part, Mode], ?TIMEOUT_MS) of
        ok -> send_parts(Node, File, Rest, Mode);
        {error, Reason} -> fail(#{reason => no_directory, node => Node, file => File, cause => Reason})
    end.

%% @doc Refuses a node that has another build of the library mapped.
%%
%% A library cannot be unmapped. The one that an earlier attachment left is used again where the path is the same. Another
%% build beside it, or under its path, would not work.
-spec fit(settled()) -> ok.
fit(#{node := Node, directory := Directory, libraries := How}) ->
    IsOurs =
        case How of
            sent ->
                %% The directory's name says which build it is.
                Place = filename:join(filename:basename(Directory), ?NIF),
                fun(Mapping) -> string:find(Mapping, Place) =/= nomatch end;
            path ->
                {ok, #file_info{inode = Inode}} = file:read_file_info(filename:join(Directory, ?NIF)),
                fun(Mapping) -> lists:member(integer_to_binary(Inode), string:lexemes(Mapping, " ")) end
        end,
    Old = [Mapping || Mapping <- mappings(Node), string:find(Mapping, ?NIF) =/= nomatch],
    lists:all(IsOurs, Old) orelse
        fail(#{reason => other_library, node => Node}),
    ok.

%% @doc The files of ours that the node has mapped, each once.
-spec mapped(node()) -> [binary()].
mapped(Node) ->
    lists:usort([
        Name
     || Mapping <- mappings(Node),
        {match, [Name]} <- [re:run(Mapping, "/(libbeamtap_[a-z_]+\\.so)", [{capture, all_but_first, binary}])]
    ]).

mappings(Node) ->
    case erpc:call(Node, file, read_file, ["/proc/self/maps"]) of
        {ok, Text} -> [Line || Line <- string:lexemes(Text, "\n"), string:find(Line, "/libbeamtap_") =/= nomatch];
        {error, _} -> []
    end.

-spec fail(beamtap_error:reason()) -> no_return().
fail(Reason) -> throw({error, Reason}).
