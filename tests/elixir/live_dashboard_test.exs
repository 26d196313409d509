Code.require_file("phoenix.exs", __DIR__)

defmodule Beamtap.LiveDashboardTest do
  use ExUnit.Case, async: false
  import Beamtap.TestTraces
  import Phoenix.LiveViewTest, except: [live: 1]

  defmodule Page do
    use Beamtap.LiveDashboard

    # Traced.
    def work(n), do: n + 2
  end

  setup :private_traces

  setup do
    {:ok, _} = :beamtap_toggle.off()
    :ok
  end

  test "has its place in the menu where the node has beamtap" do
    assert {:ok, %{}, module: :beamtap} = Page.init([])
    assert Page.menu_link(%{}, %{modules: [:beamtap]}) == {:ok, "beamtap"}
    assert Page.menu_link(%{}, %{modules: []}) == {:disabled, "beamtap"}
  end

  test "a click on a process shows at once, and so does one that takes it back" do
    {:ok, agent} = Agent.start_link(fn -> 0 end, name: :beamtap_dashboard_agent)
    view = live(%{"search" => "dashboard_agent"})
    assert html(view) =~ "1 out of 1"
    assert html(view) =~ ":beamtap_dashboard_agent"

    view = click(view, "toggle", button("off"))
    assert html(view) =~ inspect(agent) <> " ×"
    assert html(view) =~ "recording"
    Agent.get(agent, & &1)

    view = click(view, "toggle", button("on"))
    refute html(view) =~ inspect(agent) <> " ×"
    assert html(view) =~ "ended (stop)"
    assert html(view) =~ button("off")
    assert %{events: %{"receive" => received}} = List.last(Beamtap.info())
    assert received > 0
  end

  test "an error shows at once, and goes with the next click" do
    view = live() |> sent("function", %{"function" => "Enum.mop/2"})
    assert html(view) =~ "Enum.mop/2 matches no function; did you mean Enum.map?"
    view = click(view, "off", button("Everything off"))
    refute html(view) =~ "Enum.mop"

    ended = spawn(fn -> :ok end)
    monitor = Process.monitor(ended)
    assert_receive {:DOWN, ^monitor, _, _, _}
    token = {:process, ended} |> :erlang.term_to_binary() |> Base.url_encode64()
    assert view |> sent("toggle", %{"item" => token}) |> html() =~ "not alive"
  end

  test "functions are typed in, classes have buttons, and an ended tap shows its report" do
    view = live() |> sent("function", %{"function" => " Beamtap.LiveDashboardTest.Page.work/1 -> return "})
    Page.work(1)
    assert html(view) =~ "work/1 -> return ×"

    view = click(view, "toggle", button("procs"))
    assert html(view) =~ ~r/class="btn btn-primary btn-sm" phx-click="toggle"[^>]*>procs</
    view = click(view, "toggle", button("procs"))
    assert html(view) =~ ~r/class="btn btn-outline-primary btn-sm" phx-click="toggle"[^>]*>procs</

    view = click(view, "toggle", button("[^<]*work/1[^<]* ×"))
    view = click(view, "report", button("Report"))
    assert html(view) =~ "Report of tap"
    assert_receive {:beamtap_report, _, {:ok, _}} = message
    view = told(view, message)
    assert html(view) =~ ~r/Page.work\/1\s+1 /

    view = click(view, "close", button("Close"))
    refute html(view) =~ "Report of tap"
    # One that comes too late.
    refute view |> told(message) |> html() =~ "Report of tap"
    assert view |> told({:report_of, :something_else}) |> html() == html(view)
  end

  test "says why there is no report" do
    view = live() |> click("toggle", button("procs")) |> click("off", button("Everything off"))
    [%{path: path} | _] = Enum.reverse(Beamtap.info())
    File.rm_rf!(path)
    view = click(view, "report", button("Report"))
    assert_receive {:beamtap_report, _, {:error, _}} = message
    assert view |> told(message) |> html() =~ path
  end

  test "what others do shows with the dashboard's own clock" do
    view = live()
    {:ok, tap} = Beamtap.start(:procs, for: 60_000)
    refute html(view) =~ "recording"
    view = refresh(view)
    assert html(view) =~ "recording"
    Beamtap.stop!(tap)
  end

  test "searches all processes, and counts those that it finds" do
    idle = for _ <- 1..60, do: spawn_link(fn -> Process.sleep(:infinity) end)
    busy = for _ <- 1..60, do: spawn_link(fn -> Enum.each(1..1000, &Page.work/1) && Process.sleep(:infinity) end)
    {:ok, _} = Agent.start_link(fn -> 0 end, name: :Beamtap_Least_Of_All)
    params = %{search: "LEAST_of_all", sort_by: :reductions, sort_dir: :desc, limit: 50}
    assert {[%{name: ":Beamtap_Least_Of_All"}], 1} = Beamtap.LiveDashboard.processes(params, node())

    all = %{params | search: nil, limit: 5}
    assert {rows, total} = Beamtap.LiveDashboard.processes(all, node())
    assert length(rows) == 5 and total > 120
    # The other way round they are others.
    assert {least, _} = Beamtap.LiveDashboard.processes(%{all | sort_dir: :asc}, node())
    assert hd(least).reductions <= List.last(least).reductions
    assert List.last(least).reductions <= List.last(rows).reductions

    # By pid, and by the first function of a process that proc_lib did not start.
    pid = hd(idle)
    assert {[%{process: process}], 1} = Beamtap.LiveDashboard.processes(%{params | search: inspect(pid)}, node())
    assert process == inspect(pid)
    assert {[_ | _], many} = Beamtap.LiveDashboard.processes(%{params | search: "erlang:apply/2"}, node())
    assert many >= length(idle) + length(busy)
  end

  test "a button that was tampered with does nothing" do
    view = live()

    for bad <- ["", "?", Base.url_encode64("x"), Base.url_encode64(:erlang.term_to_binary({:a, 1}))] do
      assert view |> sent("toggle", %{"item" => bad}) |> html() == html(view)
    end

    assert view |> sent("report", %{"tap" => "x"}) |> html() == html(view)
    assert view |> sent("unknown", %{}) |> html() == html(view)
  end

  defp live(params \\ %{}), do: Phoenix.LiveViewTest.live(Page, params)

  defp button(text), do: Regex.compile!("<button[^>]*>#{text}</button>")
end
