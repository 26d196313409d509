defmodule Beamtap.TestTraces do
  @moduledoc false
  import ExUnit.Callbacks

  @doc "A setup: traces go into a directory of the test's own, and everything is ended afterwards."
  def private_traces(_context) do
    directory = Path.join(System.tmp_dir!(), "beamtap_test-#{System.pid()}-#{System.unique_integer([:positive])}")
    before = System.get_env("BEAMTAP_TRACES")
    System.put_env("BEAMTAP_TRACES", directory)

    on_exit(fn ->
      {:ok, _} = Beamtap.clear()
      if before, do: System.put_env("BEAMTAP_TRACES", before), else: System.delete_env("BEAMTAP_TRACES")
      File.rm_rf!(directory)
    end)

    {:ok, traces: directory}
  end
end

# A loaded machine takes longer than the usual 100 ms.
ExUnit.start(assert_receive_timeout: 20_000)
