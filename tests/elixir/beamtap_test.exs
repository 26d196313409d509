defmodule BeamtapTest do
  use ExUnit.Case, async: false
  doctest Beamtap

  defmodule Work do
    def double(list), do: Enum.map(list, &twice/1)
    def twice(n) when is_integer(n), do: 2 * n
  end

  defmodule Heard do
    # A handler of logger's.
    def log(%{msg: {format, arguments}}, %{config: pid}) do
      send(pid, {:logged, format |> :io_lib.format(arguments) |> to_string()})
    end
  end

  defmodule Work.Deep.Inner do
    def double(n), do: n * 2
  end

  defmodule Work.Deep.Other do
    def double(n), do: n * 2
  end

  setup do
    directory = Path.join(System.tmp_dir!(), "beamtap_test-#{System.pid()}-#{System.unique_integer([:positive])}")

    on_exit(fn ->
      {:ok, _} = Beamtap.clear()
      File.rm_rf!(directory)
    end)

    {:ok, directory: directory}
  end

  test "records what a text in Elixir's form names", %{directory: directory} do
    output = Path.join(directory, "trace")
    assert {:ok, tap} = Beamtap.start("BeamtapTest.Work.* -> return, exception", output: output)
    assert {:ok, %{state: :recording, path: ^output}} = Beamtap.info(tap)
    assert Work.double([1, 2, 3]) == [2, 4, 6]
    assert_raise FunctionClauseError, fn -> Work.twice(:two) end

    assert {:ok, receipt} = Beamtap.stop(tap)
    assert %{ended_by: :stop, discarded: 0, lost: 0, problems: []} = receipt
    assert %{"call" => 5, "return_from" => 4, "exception_from" => 1} = receipt.events
    assert Beamtap.stop!(tap) == receipt

    # A receipt is reported as the tap is.
    printed = ExUnit.CaptureIO.capture_io(fn -> assert receipt |> Beamtap.report() == :ok end)
    assert printed =~ "BeamtapTest.Work.twice/1"
    assert printed == ExUnit.CaptureIO.capture_io(fn -> Beamtap.report(tap, %{json: false}) end)
  end

  test "traces calls written as calls", %{directory: directory} do
    require Beamtap
    alias BeamtapTest.Work
    output = Path.join(directory, "trace")
    {:ok, tap} = Beamtap.trace((Work.twice(n) when n > 1 and is_integer(n) -> return), output: output)
    assert Work.double([1, 2, 3]) == [2, 4, 6]
    assert %{"call" => 2, "return_from" => 2} = Beamtap.stop!(tap).events

    wrong = quote(do: Beamtap.trace(Enum.map(_, f) when is_funtion(f)))

    assert_raise CompileError, ~r/did you mean is_function/, fn ->
      Code.eval_quoted([quote(do: require(Beamtap)), wrong])
    end
  end

  test "takes captures, keyword specs and pids", %{directory: directory} do
    task = Task.async(fn -> receive(do: (:go -> Work.twice(21))) end)

    tap =
      Beamtap.start!([functions: &Work.twice/1, classes: [:procs], targets: task.pid],
        output: Path.join(directory, "trace"),
        for: 60_000
      )

    Work.twice(1)
    send(task.pid, :go)
    assert Task.await(task) == 42
    assert %{"call" => 1, "exit" => 1} = Beamtap.stop!(tap).events
  end

  test "takes what to trace and the options in one keyword list", %{directory: directory} do
    tap =
      Beamtap.start!(
        functions: &Work.twice/1,
        targets: self(),
        for: 60_000,
        events: 7,
        output: Path.join(directory, "trace")
      )

    assert {:ok, %{for: 60_000, events: 7, functions: 1}} = Beamtap.info(tap)
    Work.twice(2)
    assert %{"call" => 1} = Beamtap.stop!(tap).events

    # As short as it gets.
    assert {:ok, _} = Beamtap.start(&Work.twice/1, targets: self(), output: Path.join(directory, "other"))
  end

  test "takes a module and all below it, and names those below where only the module is meant", %{directory: directory} do
    output = Path.join(directory, "trace")
    tap = Beamtap.start!("BeamtapTest.Work.**", output: output, targets: self())
    assert [2, 4] == Work.double([1, 2])
    assert 6 == Work.Deep.Inner.double(3)
    assert 8 == Work.Deep.Other.double(4)
    assert %{"call" => 5} = Beamtap.stop!(tap).events

    tap = Beamtap.start!("BeamtapTest.Work.**.double/1", output: Path.join(directory, "double"), targets: self())
    assert [2, 4] == Work.double([1, 2])
    assert 6 == Work.Deep.Inner.double(3)
    assert %{"call" => 2} = Beamtap.stop!(tap).events

    :ok = :logger.add_handler(__MODULE__, Heard, %{config: self()})
    on_exit(fn -> :logger.remove_handler(__MODULE__) end)

    # Nothing is said where nothing is below, or where somebody names the module itself.
    for {spec, place} <- [{"BeamtapTest.Work.Deep.Inner.*", "inner"}, {Work, "named"}, {"BeamtapTest.Work.*", "text"}] do
      {:ok, tap} = Beamtap.start(spec, output: Path.join(directory, place), targets: self())
      Work.Deep.Other.double(3)
      refute Map.has_key?(Beamtap.stop!(tap).events, "call")
    end

    assert_received {:logged, said}
    refute_received {:logged, _}
    assert said =~ "BeamtapTest.Work.* is the module BeamtapTest.Work alone; below it are BeamtapTest.Work.Deep.Inner, "
    assert said =~ ~s("BeamtapTest.Work.**" names them all)

    assert {:error, error} = Beamtap.start("BeamtapTest.Work.Deep.*")

    assert error.message ==
             "there is no module BeamtapTest.Work.Deep; below it are " <>
               "BeamtapTest.Work.Deep.Inner, BeamtapTest.Work.Deep.Other"

    assert error.remedy =~ ~s("BeamtapTest.Work.Deep.**" names them all)
    assert {:error, %{reason: :no_module}} = Beamtap.start("BeamtapTest.Nothing.**")
    assert {:error, %{reason: :no_match}} = Beamtap.start("BeamtapTest.Work.**.triple/1")
  end

  test "ends when its owner ends", %{directory: directory} do
    {:ok, owner} = Agent.start(fn -> nil end)
    tap = Beamtap.start!(:procs, output: Path.join(directory, "trace"), owner: owner)
    [session] = Enum.map(:beamtap_ledger.sessions(), &Process.monitor/1)
    Agent.stop(owner)
    assert_receive {:DOWN, ^session, :process, _, _}, 20_000
    assert %{ended_by: :owner} = Beamtap.stop!(tap)
  end

  test "errors are exceptions with a remedy" do
    assert {:error, %Beamtap.Error{reason: :unknown_class, remedy: remedy}} = Beamtap.start(classes: :proc)
    assert remedy =~ "procs"

    error = assert_raise Beamtap.Error, ~r/did you mean Enum.map\?/, fn -> Beamtap.start!("Enum.mop/2") end
    assert error.reason == :no_match
    assert Exception.message(error) =~ error.remedy
    assert {:error, %Beamtap.Error{reason: :unknown_tap}} = Beamtap.info({:tap, 123_456_789})
    assert {:error, %Beamtap.Error{reason: :unknown_tap}} = Beamtap.report({:tap, 123_456_789})
  end

  test "tells what is wrong in Elixir" do
    told = fn answer ->
      assert {:error, %Beamtap.Error{message: message, remedy: remedy}} = answer
      text = message <> " | " <> remedy
      refute text =~ ~r/Elixir\.|=>|<<|beamtap:|#\{|'/, text
      text
    end

    assert told.(Beamtap.start(functions: "Enum.map/2", fro: 1000)) =~ "did you mean :for?"
    assert told.(Beamtap.start([functions: "Enum.map/2", for: 1000], for: 2000)) =~ ":for is in both arguments"
    assert told.(Beamtap.start("Enum.map/2", pid: self())) =~ "did you mean :targets?"

    assert told.(Beamtap.start("Enum.map/2", for: "3s")) =~
             ~s(invalid value "3s" for "for": expected milliseconds from 1 on, or :infinity | for example for: 5000)

    assert told.(Beamtap.start("Enum.mop/2")) =~ "Enum.module_info(:functions)"
    assert told.(Beamtap.start(Enun)) =~ "no module Enun; did you mean Enum?"
    assert told.(Beamtap.start(functions: &Enum.map/2, targets: BeamtapTest.Nobody)) =~ "BeamtapTest.Nobody"
    assert told.(Beamtap.start(functions: &Enum.map/2, targets: "self")) =~ ~s("self")
    assert told.(Beamtap.start({Enum, :map})) =~ "{Module, :function, :_}"
    assert told.(Beamtap.start("Enum.map/2", payload: :all)) =~ "[messages: :size]"
    assert told.(Beamtap.start([:snd])) =~ "did you mean the class :send?"
    assert told.(Beamtap.start(:gc)) =~ "did you mean the class :garbage_collection?"
    assert told.(Beamtap.start(classes: :gc)) =~ "did you mean :garbage_collection?"
    assert told.(Beamtap.stop({:ok, {:tap, 1}})) =~ "{:ok, tap} = Beamtap.start(...)"
    assert told.(Beamtap.stop({:tap, 987_654_321})) =~ "Beamtap.info()"

    assert told.(Beamtap.watch({:tap, 987_654_321}, %{lines: 3})) =~ "Beamtap.info()"

    # Erlang's own face goes on in Erlang.
    assert {:error, %{message: "there is no module 'Elixir.Enun'" <> _}} = :beamtap.start(Enun)
  end

  test "tells what a trace lacks in Elixir", %{directory: directory} do
    text = "defmodule BeamtapTest.Fresh do def run(n), do: n end"
    load = fn -> ExUnit.CaptureIO.capture_io(:stderr, fn -> Code.compile_string(text) end) end
    load.()
    tap = Beamtap.start!("BeamtapTest.Fresh.run/1", output: Path.join(directory, "trace"), for: 60_000)
    load.()
    assert "BeamtapTest.Fresh was loaded at " <> _ = line = problem(tap)
    assert %{problems: [^line]} = Beamtap.stop!(tap)
    assert {:ok, %{problems: [^line]}} = Beamtap.info(tap)
    assert [%{problems: [^line]}] = Enum.filter(Beamtap.info(), &(&1[:tap] == tap))
    assert {:ok, %{problems: ["'Elixir.BeamtapTest.Fresh' was loaded at " <> _]}} = :beamtap.stop(tap)

    facts = %{
      without_return: [{{:looper, :ping, 1}, {:looper, :pong, 1}}, {{Work, :even, 1}, {Work, :odd?, 1}}],
      warnings: [%{classes: [:call, :receive], finding: "one ends", remedy: "end it"}],
      problems: [:loads_unseen, {:class_lost, :schedulers, {:down, Work}}]
    }

    assert {:ok, told} = Beamtap.Error.worded({:ok, %{facts: facts}})

    assert [%{why: "it calls :looper.pong/1 last" <> _}, %{why: "it calls BeamtapTest.Work.odd?/1 last" <> _}] =
             told.without_return

    assert [":call, :receive: one ends; end it"] = told.warnings
    assert [unseen, ":schedulers is recorded no more: its process ended: {:down, BeamtapTest.Work}"] = told.problems
    assert unseen =~ ":erlang.finish_loading/1"
  end

  # The tap notices a load a moment later.
  defp problem(tap) do
    case Beamtap.info(tap) do
      {:ok, %{problems: [line]}} ->
        line

      {:ok, %{problems: []}} ->
        Process.sleep(10)
        problem(tap)
    end
  end

  test "offers its tracer to dbg" do
    assert Beamtap.tracer() == {:beamtap_nif, 0}
    assert Beamtap.load_provider() == :ok
  end

  test "the doctor finds nothing that stops a tap" do
    printed = ExUnit.CaptureIO.capture_io(fn -> send(self(), {:verdict, Beamtap.doctor()}) end)
    assert_received {:verdict, verdict}
    assert verdict in [:ok, :warning]
    assert printed =~ "nif"
  end
end
