defmodule MixApp.MixProject do
  use Mix.Project

  def project do
    [
      app: :mix_app,
      version: "0.1.0",
      elixir: "~> 1.14",
      deps: [{:beamtap, path: System.get_env("BEAMTAP_CHECKOUT", "../../..")}]
    ]
  end

  def application, do: []
end
