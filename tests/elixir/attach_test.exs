defmodule Mix.Tasks.Beamtap.AttachTest do
  use ExUnit.Case, async: false
  import ExUnit.CaptureIO
  alias Mix.Tasks.Beamtap.Attach

  test "prints its options" do
    assert capture_io(fn -> assert Attach.run(["--help"]) == :ok end) =~ "--cookie-file"
  end

  test "says what is wrong and ends with a status" do
    assert capture_io(:stderr, fn -> assert {:shutdown, 64} = catch_exit(Attach.run([])) end) =~
             ~r/no node: .*mix beamtap.attach --help/

    said =
      capture_io(:stderr, fn ->
        arguments = ["beamtap_nobody@localhost", "send", "--cookie", "none"]
        assert {:shutdown, 1} = catch_exit(Attach.run(arguments))
      end)

    assert said =~ "localhost"
    refute Node.alive?()
  end
end
