import { defineSchema, openStore } from "tablog";

const schema = defineSchema({
  version: 1,
  migrations: ["CREATE TABLE todo(id TEXT PRIMARY KEY, title TEXT, done INTEGER DEFAULT 0)"],
  events: {
    "todo.added": "INSERT INTO todo(id, title) VALUES (:id, :title)",
    "todo.toggled": "UPDATE todo SET done = NOT done WHERE id = :id",
  },
});

const store = await openStore({ name: "todos", schema });
store.watch("SELECT title, done FROM todo").subscribe((todos) => console.log(todos)); // in every tab
await store.append("todo.added", { id: crypto.randomUUID(), title: "try tablog" });
