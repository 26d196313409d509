%% @private
%% Words at which character a function pattern or a filter stops making sense, and why. See {@link beamtap_wording}.
-module(beamtap_words_pattern).

-export([words/2]).

-import(beamtap_language, [either/3]).

%% Of a pattern so many characters are shown.
-define(SHOWN, 80).

%% @doc Message and remedy; `none' for what is worded elsewhere.
-spec words(map(), beamtap_language:language()) -> {unicode:chardata(), unicode:chardata()} | none.
words(#{reason := bad_pattern, pattern := Pattern, position := Position, problem := Problem}, L) ->
    {
        [shown(Pattern), ", character ", integer_to_list(Position), ": ", pattern(Problem)],
        either(L,
            "for example \"lists:seq/2\", \"lists:seq(A, B) when B > 1000 -> return\"",
            "for example \"Enum.map/2\", \"MyApp.Repo.*\", \"Enum.take(_, n) when n > 1000 -> return\""
        )
    };
words(#{reason := bad_filter, position := Position, problem := {unknown_field, Name}, event := Event, fields := Fields} = Error, _) ->
    Near = case Error of #{meant := Meant} -> ["did you mean ", Meant, "? "]; #{} -> "" end,
    {[in_filter(Position), "event ", Event, " has no field ", Name], [Near, "fields of ", Event, ": ", fields(Fields)]};
words(#{reason := bad_filter, position := Position, problem := Problem}, L) ->
    {
        [in_filter(Position), filter(Problem)],
        ["compare fields with numbers or \"texts\" and join with &&, || and !: ",
            either(L, "beamtap:enable_event(Tap", "Beamtap.enable_event(tap"), ", \"send\", \"bytes > 1000\")"]
    };
words(_, _) ->
    none.

shown(Pattern) ->
    case try unicode:characters_to_binary(Pattern) catch error:badarg -> error end of
        Text when is_binary(Text) -> [$", string:slice(Text, 0, ?SHOWN), $"];
        _ -> "the pattern"
    end.

in_filter(Position) -> ["in the filter, character ", integer_to_list(Position), ": "].

fields(Fields) ->
    lists:join(", ", [case Type of number -> Name; text -> [Name, " (text)"] end || {Name, Type} <- Fields]).

%%% Patterns

pattern({expected, Text}) when is_list(Text) -> ["expected ", Text];
pattern({expected, What}) -> ["expected ", expected(What)];
pattern({too_many, What, Most}) -> ["more than ", integer_to_list(Most), " ", many(What)];
pattern({unbound, Name}) -> [Name, " is not one of the arguments"];
pattern({unmatchable, Name}) -> ["the atom '", beamtap_name:text(Name), "' cannot be matched"];
pattern({not_in_guard, Name, Arity, Meant}) ->
    [Name, "/", integer_to_list(Arity), " cannot be called in a guard", case Meant of {ok, Best} -> ["; did you mean ", Best, "?"]; none -> "" end];
pattern({without_function, arity}) -> "an arity needs a function, and there is only a module";
pattern({without_function, arguments}) -> "arguments need a function, and there is only a module";
pattern(not_a_text) -> "this is not a text";
pattern(not_a_character) -> "this is not a character";
pattern(partial_wildcard) -> "a wildcard stands for a whole name; quote a name that starts with _";
pattern(unknown_escape) -> "unknown escape: expected a quote, a backslash, n, t, r, s, e, or x{HEX} behind the backslash";
pattern(open_quote) -> "this quote is not closed";
pattern(escaped_character) -> "write a character that needs a backslash as its number";
pattern(wildcard_in_guard) -> "a guard cannot use _: name the argument";
pattern(call_in_arguments) -> "an argument cannot call a function: call it in a guard, behind when";
pattern(variable_key) -> "a key of a map cannot be a variable";
pattern(needs_utf8) -> "a text with such characters is written <<\"...\"/utf8>>";
pattern(dot_behind_erlang_module) -> "expected : behind an Erlang module (Elixir form: :module.function)";
pattern(colon_behind_elixir_module) -> "expected a dot behind an Elixir module";
pattern(guard_without_arguments) -> "a guard needs named arguments: lists:seq(A, B) when B > 1000".

expected(module) -> "a module";
expected(function) -> "a function";
expected(function_or_underscore) -> "a function or _";
expected(function_or_star) -> "a function or *";
expected(value) -> "a value";
expected(atom) -> "an atom";
expected(number) -> "a number";
expected(base) -> "a base from 2 to 36";
expected(byte) -> "a byte from 0 to 255";
expected(text_or_bytes) -> "a text in quotes, or bytes";
expected(hex_escape) -> "\\x{HEX}";
expected(arity) -> "an arity: a number up to 255, or _";
expected(colon_or_dot) -> ": or . behind a wildcard for the module";
expected(action) -> "return, return! or exception";
expected(action_or_end) -> "the end, -> return or -> exception";
expected(operator_or_end) -> "the end of the guard, an operator or -> return";
expected(comma_or_end) -> "the end, or a comma and another action".

many(name_characters) -> "characters in a name";
many(digits) -> "digits in a number";
many(variables) -> "variables in a pattern";
many(arguments) -> "arguments".

%%% Filters

filter(no_condition) -> "a text is neither true nor false: compare it";
filter({unexpected, Text}) -> ["unexpected ", Text];
filter(unknown_escape) -> "unknown escape: LTTng knows \\\\ and \\*";
filter(open_quote) -> "this text is not closed";
filter({not_a_number, Text}) -> [Text, " is not a number"];
filter({no_arithmetic, Sign}) -> ["LTTng cannot calculate with ", Sign];
filter({not_for_texts, Sign}) -> [Sign, " does not apply to a text: compare it"];
filter({not_for_patterns, Sign}) -> [Sign, " does not apply to a text with *: use == or !="];
filter(mixed_types) -> "a text is compared with a number";
filter({expected, operand, Text}) -> ["expected a field or a value before ", Text];
filter({expected, Sign, Text}) -> ["expected ", Sign, " before ", Text];
filter({not_a_context, Name}) -> [Name, " is not a context: expected $ctx.NAME or $app.PROVIDER:TYPE"].
