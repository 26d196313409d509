# What the page uses of LiveDashboard and of Phoenix: the behaviour, and a template that is kept as it is.
defmodule Phoenix.LiveDashboard.PageBuilder do
  @callback init(term) :: {:ok, map} | {:ok, map, keyword}
  @callback menu_link(map, map) :: {:ok | :disabled, String.t()} | :skip
  @callback render(map) :: term
  @callback handle_event(String.t(), map, map) :: {:noreply, map}

  defmacro __using__(_) do
    quote do
      @behaviour Phoenix.LiveDashboard.PageBuilder
      import Phoenix.LiveDashboard.PageBuilder
    end
  end

  defmacro sigil_H({:<<>>, _, [template]}, _) do
    Macro.Env.has_var?(__CALLER__, {:assigns, nil}) || raise "~H needs assigns"
    quote(do: {unquote(template), var!(assigns)})
  end
end

defmodule Beamtap.LiveDashboardTest do
  use ExUnit.Case, async: false
  import Beamtap.TestTraces

  defmodule Page do
    use Beamtap.LiveDashboard
  end

  @params %{search: nil, sort_by: :reductions, sort_dir: :desc, limit: 1000}

  setup :private_traces

  test "has its place in the menu where the node has beamtap" do
    assert {:ok, %{}, module: :beamtap} = Page.init([])
    assert Page.menu_link(%{}, %{modules: [:beamtap]}) == {:ok, "beamtap"}
    assert Page.menu_link(%{}, %{modules: []}) == {:disabled, "beamtap"}
  end

  test "shows functions of this module for each table, and the columns that these give" do
    {template, %{page: :page}} = Page.render(%{page: :page})

    for {table, fetch} <- [taps: &Beamtap.LiveDashboard.taps/2, processes: &Beamtap.LiveDashboard.processes/2] do
      assert template =~ "row_fetcher={#{inspect(fetch)}}"
      assert {rows, total} = fetch.(@params, node())
      assert length(rows) == total
      [_, columns] = Regex.run(~r/beamtap-#{table}"(.*?)<\/.live_table>/s, template)

      for row <- Enum.take(rows, 1), [_, column] <- Regex.scan(~r/field=\{:(\w+)\}/, columns) do
        assert Map.has_key?(row, String.to_existing_atom(column))
      end
    end
  end

  test "toggles the process of a row" do
    {:ok, agent} = Agent.start_link(fn -> 0 end, name: :beamtap_dashboard_agent)
    socket = %{assigns: %{page: %{node: node()}}}
    assert %{state: "off", token: token} = row(agent)

    assert {:noreply, %{assigns: %{beamtap_error: nil}}} = Page.handle_event("toggle", %{"pid" => token}, socket)
    assert %{state: "on"} = row(agent)
    {[%{state: :recording, events: events}], 1} = Beamtap.LiveDashboard.taps(%{@params | search: "recording"}, node())
    assert is_integer(events)
    Agent.get(agent, & &1)

    assert {:noreply, _} = Page.handle_event("off", %{}, socket)
    assert %{state: "off"} = row(agent)
    assert %{events: %{"receive" => received}} = List.last(Beamtap.info())
    assert received > 0
  end

  test "a button that was tampered with, or whose process has ended, does nothing" do
    socket = %{assigns: %{page: %{node: node()}}}

    for bad <- ["", "?", Base.url_encode64("x"), Base.url_encode64(:erlang.term_to_binary({:a, 1}))] do
      assert Page.handle_event("toggle", %{"pid" => bad}, socket) == {:noreply, socket}
    end

    ended = spawn(fn -> :ok end)
    monitor = Process.monitor(ended)
    assert_receive {:DOWN, ^monitor, _, _, _}
    token = ended |> :erlang.term_to_binary() |> Base.url_encode64()
    assert {:noreply, %{assigns: %{beamtap_error: said}}} = Page.handle_event("toggle", %{"pid" => token}, socket)
    assert said =~ "not alive"
  end

  defp row(pid) do
    {rows, _} = Beamtap.LiveDashboard.processes(@params, node())
    Enum.find(rows, &(&1.process == inspect(pid)))
  end
end
