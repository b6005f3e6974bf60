// A panel that cannot be drawn says why, and leaves the others alone.

import { Component, type ComponentChildren } from "preact";
import { failureOf, type Failure } from "./errors.js";
import { FailureNote } from "./parts.js";

interface State {
  readonly failure: Failure | undefined;
}

/** Keyed by what it holds: another panel, or the same again, begins anew. */
export class Boundary extends Component<{ readonly children: ComponentChildren }, State> {
  override state: State = { failure: undefined };

  static override getDerivedStateFromError(thrown: unknown): State {
    return { failure: failureOf(thrown) };
  }

  override render() {
    const { failure } = this.state;
    if (failure === undefined) return <>{this.props.children}</>;
    return (
      <div class="banner">
        <FailureNote failure={failure} />
        <button type="button" onClick={() => this.setState({ failure: undefined })}>
          Try again
        </button>
      </div>
    );
  }
}
