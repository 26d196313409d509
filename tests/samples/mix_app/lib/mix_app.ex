defmodule MixApp do
  @moduledoc """
  A project that uses beamtap as a dependency: does some work, traced, and tells what was recorded.
  """

  @doc """
  Calls `work/1` `times` times under a tap that writes to `output`; returns how many calls were recorded.
  """
  def traced(times, output) do
    tap = Beamtap.start!("MixApp.work/1 -> return", output: output)
    Enum.each(1..times, &work/1)
    %{events: %{"call" => calls, "return_from" => calls}} = Beamtap.stop!(tap)
    calls
  end

  @doc false
  def work(n), do: n * n

  @doc """
  What the tests start: prints the number of calls recorded as its last line.
  """
  def main, do: IO.puts("recorded #{traced(100, System.fetch_env!("SAMPLE_OUTPUT"))} calls")
end
