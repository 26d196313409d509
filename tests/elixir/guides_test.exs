defmodule Beamtap.GuidesTest do
  # The Elixir blocks of the guides, one after the other, with the variables that those before have bound; the Erlang
  # blocks are run by Common Test.
  use ExUnit.Case, async: false
  import Beamtap.TestTraces
  import ExUnit.CaptureIO

  # One daemon for all: liblttng-ust looks for a new one only every 5 s.
  setup_all do
    file = Path.join(System.tmp_dir!(), "beamtap_guides-#{System.pid()}.pid")
    {_, 0} = System.cmd("lttng-sessiond", ["--daemonize", "--no-kernel", "--pidfile=#{file}"], stderr_to_stdout: true)

    on_exit(fn ->
      System.cmd("kill", [file |> File.read!() |> String.trim()])
      File.rm(file)
    end)
  end

  setup :private_traces

  for guide <- Path.wildcard(Path.join(__DIR__, "../../docs/guides/*.md")) do
    @guide guide
    @tag timeout: 300_000
    test Path.basename(guide) do
      blocks = Regex.scan(~r/```elixir\n(.*?)```/s, File.read!(@guide), capture: :all_but_first)
      assert blocks != []

      printed =
        capture_io(fn ->
          Enum.reduce(blocks, [], fn [block], binding ->
            {_, binding} = Code.eval_string(block, binding, file: @guide)
            binding
          end)
        end)

      assert printed =~ ~r/^(Functions|Processes)/m or not (File.read!(@guide) =~ "Beamtap.report")
    end
  end
end
