defmodule Mix.Tasks.Beamtap.Attach do
  @shortdoc "Records in a running node that does not have beamtap"
  @moduledoc """
  Loads beamtap into a running node that does not have it, records, prints the report, and leaves without residue.

      mix beamtap.attach my_app@host "MyApp.Repo.* -> return" send --for 5s

  `mix beamtap.attach --help` lists the options. The exit status is 1 when it failed and 64 when the command line was
  not understood. Ctrl-C ends the Mix VM without a report, and the node cleans up by itself. `scripts/beamtap-attach`
  prints the report after Ctrl-C, too.
  """

  use Mix.Task

  @impl true
  def run(arguments) do
    Mix.Task.run("app.config")

    case arguments |> Enum.map(&String.to_charlist/1) |> :beamtap_attach_command.run(Beamtap.Error.language()) do
      0 -> :ok
      status -> exit({:shutdown, status})
    end
  end
end
