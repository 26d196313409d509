defmodule Beamtap.Trace do
  @moduledoc false
  # Turns a call in Elixir's syntax into the text that `:beamtap_pattern` reads.

  @spec expand(Macro.t(), Macro.t(), Macro.Env.t()) :: Macro.t()
  def expand(call, opts, env) do
    text = call |> Macro.prewalk(&aliases(&1, env)) |> text()

    case :beamtap_pattern.parse(text) do
      {:ok, _} -> quote(do: Beamtap.start(unquote(text), unquote(opts)))
      error -> raise CompileError, file: env.file, line: env.line, description: message(error)
    end
  end

  defp message(error) do
    {:error, %{message: message}} = Beamtap.Error.worded(error)
    message
  end

  defp aliases({:__aliases__, _, _} = alias, env) do
    {:__aliases__, [alias: false], alias |> Macro.expand(env) |> Module.split() |> Enum.map(&String.to_atom/1)}
  end

  defp aliases(other, _), do: other

  defp text([{:->, _, [[call], actions]}]), do: text(call) <> " -> " <> actions(actions)
  defp text(call), do: Macro.to_string(call)

  defp actions(actions), do: actions |> List.wrap() |> Enum.map_join(", ", &Macro.to_string/1)
end
