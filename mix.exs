defmodule Mix.Tasks.Compile.BeamtapNative do
  @moduledoc false
  use Mix.Task.Compiler

  @impl true
  def run(_args) do
    case System.cmd(Path.join(__DIR__, "scripts/build-native"), [], into: IO.stream(), stderr_to_stdout: true) do
      {_, 0} ->
        {_, 0} = System.cmd(Path.join(__DIR__, "scripts/build-docs"), [Mix.Project.app_path()], into: IO.stream())
        # priv did not exist yet when Mix linked it.
        Mix.Project.build_structure()
        :ok

      {_, status} ->
        Mix.raise("scripts/build-native ended with status #{status}")
    end
  end
end

defmodule Beamtap.MixProject do
  use Mix.Project

  # One version and one list of names for both build tools.
  {:ok, [{:application, :beamtap, app}]} = :file.consult(Path.join(__DIR__, "erlang_src/beamtap.app.src"))
  @app app

  def project do
    [
      app: :beamtap,
      version: List.to_string(@app[:vsn]),
      description: List.to_string(@app[:description]),
      elixir: "~> 1.14",
      # rebar3 has _build/test too.
      build_path: "_build/mix",
      compilers: [:beamtap_native | Mix.compilers()],
      erlc_paths: ["erlang_src"],
      erlc_options: [:debug_info, :warnings_as_errors],
      elixirc_paths: ["lib"],
      elixirc_options: [warnings_as_errors: true],
      test_paths: ["tests/elixir"],
      deps: [],
      package: [licenses: Enum.map(@app[:licenses], &List.to_string/1)]
    ]
  end

  def application do
    [mod: @app[:mod], registered: @app[:registered]]
  end
end
